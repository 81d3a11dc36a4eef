import type { PlaneSecurity } from '../../../common/grpc/plane-security';
import { AddressWatch, type NodeAddress } from '../../../common/nodes/address-watch';
import type { HostResolver } from '../../../common/nodes/host-resolver';
import type { Clock } from '../../../common/runtime/clock';
import type { ListenAddress } from '../../../common/runtime/listen-address';
import type { Logger } from '../../../common/runtime/logger';
import { createDataPlaneClients, type DataPlaneClient } from './data-plane-clients';

/** The data planes that are known at this moment. */
export interface DataPlaneDirectory {
  readonly clients: readonly DataPlaneClient[];
}

/** Dependencies of {@link WatchedDataPlanes}. */
export interface WatchedDataPlanesOptions {
  /** LAYOVER_DATA_PLANES: sockets, IP addresses, and host names with one or more addresses. */
  readonly addresses: readonly ListenAddress[];
  readonly security: PlaneSecurity;
  readonly resolve: HostResolver;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Keeps a client for every data plane behind LAYOVER_DATA_PLANES. Host names are resolved again
 * every few seconds: all data planes that share a bucket must be asked what is in use, not only the
 * one whose address DNS returned first.
 */
export class WatchedDataPlanes implements DataPlaneDirectory {
  private readonly byAddress = new Map<string, DataPlaneClient>();
  private readonly watch: AddressWatch;

  constructor(private readonly options: WatchedDataPlanesOptions) {
    const { addresses, resolve, clock, log } = options;
    this.watch = new AddressWatch({
      addresses,
      resolve,
      clock,
      logger: log,
      onChange: (now) => this.replaceClients(now),
    });
  }

  get clients(): readonly DataPlaneClient[] {
    return [...this.byAddress.values()];
  }

  /** Resolves after every host name was looked up once, successfully or not. */
  start(): Promise<void> {
    return this.watch.start();
  }

  /** Stops the lookups and closes all connections. */
  close(): void {
    this.watch.stop();
    this.replaceClients([]);
  }

  private replaceClients(addresses: readonly NodeAddress[]): void {
    const gone = new Map(this.byAddress);
    for (const { text, listen } of addresses) {
      if (gone.delete(text)) continue;
      for (const client of createDataPlaneClients([listen], this.options.security)) this.byAddress.set(text, client);
    }
    for (const [text, { client }] of gone) {
      this.byAddress.delete(text);
      client.close();
    }
  }
}
