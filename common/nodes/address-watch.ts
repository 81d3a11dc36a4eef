import { isIP } from 'node:net';
import { withTimeout } from '../async/deadline';
import { repeat } from '../async/repeat';
import type { Clock } from '../runtime/clock';
import { formatGrpcAddress, type ListenAddress } from '../runtime/listen-address';
import type { Logger } from '../runtime/logger';
import type { HostResolver } from './host-resolver';

/** Interval between two lookups of a name, in milliseconds. */
const LOOKUP_INTERVAL_MS = 3_000;
/** Timeout of a lookup, in milliseconds. */
const LOOKUP_TIMEOUT_MS = 5_000;
/**
 * Maximum number of addresses of one name, so that a wrong name cannot open connections to many
 * unrelated hosts.
 */
const MAX_ADDRESSES = 1024;

/** One address of one node. */
export interface NodeAddress {
  /** A unix socket, or an IP address with its port. */
  readonly listen: ListenAddress;
  /** The configured host, which the certificate names. Empty for a unix socket. */
  readonly host: string;
  /** The address in the format of gRPC. Unique. */
  readonly text: string;
}

/** Addresses to watch, and the dependencies of the watch. */
export interface AddressWatchOptions {
  readonly addresses: readonly ListenAddress[];
  readonly resolve: HostResolver;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with all known addresses, without duplicates, when they have changed. */
  readonly onChange: (addresses: readonly NodeAddress[]) => void;
}

/**
 * Watches the configured addresses of nodes: unix sockets and IP addresses as they are, and names
 * with all addresses that DNS returns, every few seconds. A lookup that fails or returns no address
 * changes nothing (static stability): health checks decide whether a node is available, not DNS.
 */
export class AddressWatch {
  private readonly byName = new Map<string, readonly NodeAddress[]>();
  private readonly stops: (() => Promise<void>)[] = [];
  private readonly failing = new Set<string>();
  private known = '';
  private stopped = false;

  constructor(private readonly options: AddressWatchOptions) {}

  /** Starts the watch. Resolves when each name was looked up once, successfully or not. */
  async start(): Promise<void> {
    this.report();
    await Promise.all(this.options.addresses.filter(isName).map((address) => this.follow(address)));
  }

  stop(): void {
    this.stopped = true;
    for (const stop of this.stops.splice(0)) void stop();
  }

  /** Looks a name up once and then periodically. */
  private async follow(address: NamedAddress): Promise<void> {
    const { clock, logger } = this.options;
    const work = (): Promise<void> => this.lookUp(address);
    await work();
    const onError = (error: unknown): void =>
      logger.error({ err: error }, 'Watching a host name of data planes failed');
    if (!this.stopped) this.stops.push(repeat({ clock, everyMs: LOOKUP_INTERVAL_MS, work, onError }));
  }

  private async lookUp(address: NamedAddress): Promise<void> {
    const key = formatGrpcAddress(address);
    try {
      const found = await this.lookup(address.host);
      if (this.stopped) return;
      if (found.length === 0) throw new Error(`DNS returned no address for ${address.host}.`);
      this.failing.delete(key);
      this.byName.set(
        key,
        found.slice(0, MAX_ADDRESSES).map((ip) => nodeAddress({ ...address, host: ip }, address.host)),
      );
      this.report();
    } catch (error) {
      if (this.stopped) return;
      // Logged once per outage, not for every lookup.
      if (!this.failing.has(key))
        this.options.logger.warn(
          { host: address.host, cause: String(error) },
          'Looking up a host name of data planes failed; the known addresses stay in use',
        );
      this.failing.add(key);
    }
  }

  private lookup(host: string): Promise<readonly string[]> {
    const { clock, resolve } = this.options;
    return withTimeout(clock, LOOKUP_TIMEOUT_MS, resolve(host), () => {
      throw new Error(`DNS did not answer within ${LOOKUP_TIMEOUT_MS} ms.`);
    });
  }

  private found(address: ListenAddress): readonly NodeAddress[] {
    if (address.kind === 'unix') return [nodeAddress(address, '')];
    const { host } = address;
    return isIP(host) === 0 ? (this.byName.get(formatGrpcAddress(address)) ?? []) : [nodeAddress(address, host)];
  }

  private report(): void {
    const all = new Map<string, NodeAddress>();
    for (const address of this.options.addresses) {
      for (const one of this.found(address)) all.set(one.text, one);
    }
    const known = [...all.keys()].sort().join(' ');
    if (known === this.known) return;
    this.known = known;
    this.options.onChange([...all.values()]);
  }
}

type NamedAddress = Extract<ListenAddress, { readonly kind: 'tcp' }>;

function isName(address: ListenAddress): address is NamedAddress {
  return address.kind === 'tcp' && isIP(address.host) === 0;
}

function nodeAddress(listen: ListenAddress, host: string): NodeAddress {
  return { listen, host, text: formatGrpcAddress(listen) };
}
