import { isIP } from 'node:net';
import { withTimeout } from '../async/deadline';
import { repeat } from '../async/repeat';
import type { Clock } from '../runtime/clock';
import { formatGrpcAddress, type ListenAddress } from '../runtime/listen-address';
import type { Logger } from '../runtime/logger';
import type { HostResolver } from './host-resolver';

/** How often names are looked up again. A new node takes part within this, one look at its health, and a little. */
const LOOKUP_MS = 3_000;
/** Lookups that have not answered within this are given up. */
const LOOKUP_TIMEOUT_MS = 5_000;
/** Addresses of one name that are used; a wrong name must not open connections to half the internet. */
const MAX_ADDRESSES = 1024;

/** One address of one node. */
export interface NodeAddress {
  /** A socket, or an IP address with its port. */
  readonly listen: ListenAddress;
  /** The host as configured (a certificate names it); empty for a socket. */
  readonly host: string;
  /** As gRPC writes it; different for different addresses. */
  readonly text: string;
}

/** What a watch works with. */
export interface AddressWatchOptions {
  readonly addresses: readonly ListenAddress[];
  readonly resolve: HostResolver;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called with everything that is known, each address once, when that has changed. */
  readonly onChange: (addresses: readonly NodeAddress[]) => void;
}

/**
 * Addresses of nodes, as configured: sockets and IP addresses as they are, names with all the addresses that DNS gives, again every few seconds. A lookup
 * that fails or gives nothing changes nothing (static stability): whether a node is there its health tells, not DNS.
 */
export class AddressWatch {
  private readonly byName = new Map<string, readonly NodeAddress[]>();
  private readonly stops: (() => Promise<void>)[] = [];
  private readonly failing = new Set<string>();
  private known = '';
  private stopped = false;

  constructor(private readonly options: AddressWatchOptions) {}

  /** Resolves when every name was looked up once, successfully or not. */
  async start(): Promise<void> {
    this.tell();
    await Promise.all(this.options.addresses.filter(isName).map((address) => this.follow(address)));
  }

  stop(): void {
    this.stopped = true;
    for (const stop of this.stops.splice(0)) void stop();
  }

  /** Looks a name up once, and then again and again. */
  private async follow(address: NamedAddress): Promise<void> {
    const { clock, logger } = this.options;
    const work = (): Promise<void> => this.look(address);
    await work();
    const onError = (error: unknown): void => logger.error({ err: error }, 'following the name of nodes failed');
    if (!this.stopped) this.stops.push(repeat({ clock, everyMs: LOOKUP_MS, work, onError }));
  }

  private async look(address: NamedAddress): Promise<void> {
    const key = formatGrpcAddress(address);
    try {
      const found = await this.lookup(address.host);
      if (this.stopped) return;
      if (found.length === 0) throw new Error('the name has no address');
      this.failing.delete(key);
      this.byName.set(
        key,
        found.slice(0, MAX_ADDRESSES).map((ip) => nodeAddress({ ...address, host: ip }, address.host)),
      );
      this.tell();
    } catch (error) {
      if (this.stopped) return;
      // Said once, not every few seconds.
      if (!this.failing.has(key))
        this.options.logger.warn({ host: address.host, cause: String(error) }, 'the name of nodes cannot be looked up');
      this.failing.add(key);
    }
  }

  private lookup(host: string): Promise<readonly string[]> {
    const { clock, resolve } = this.options;
    return withTimeout(clock, LOOKUP_TIMEOUT_MS, resolve(host), () => {
      throw new Error('no answer in time');
    });
  }

  private found(address: ListenAddress): readonly NodeAddress[] {
    if (address.kind === 'unix') return [nodeAddress(address, '')];
    const { host } = address;
    return isIP(host) === 0 ? (this.byName.get(formatGrpcAddress(address)) ?? []) : [nodeAddress(address, host)];
  }

  private tell(): void {
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
