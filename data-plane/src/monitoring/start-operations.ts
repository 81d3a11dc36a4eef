import { OperationsServer } from '../../../common/http/operations-server';
import type { ListenAddress } from '../../../common/runtime/listen-address';
import type { Clock } from '../../../common/runtime/clock';
import type { Siblings } from '../../../common/runtime/siblings';
import type { Logger } from '../../../common/runtime/logger';
import type { DataPlaneMetrics, WatchedParts } from './metrics';
import { diskOf } from './readiness';

/** Settings of the operations server. */
export interface OperationsOptions {
  /** undefined = no server is started. */
  readonly listen: ListenAddress | undefined;
  /** The folder whose file system is measured. */
  readonly spool: string;
}

/** Dependencies of the operations server. */
export interface MonitoringParts extends Pick<
  WatchedParts,
  'configuration' | 'journal' | 'fills' | 'copiesBytes' | 'channel'
> {
  readonly metrics: DataPlaneMetrics;
  /** See whyUnready. */
  readonly unready: () => Promise<readonly string[]>;
  /** See noteAge, noteJournal and noteDisk. */
  readonly notes: () => Promise<readonly string[]>;
  /** Other data planes of this `npm start`. The address answers for all of them. */
  readonly siblings: Siblings | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Adds the metrics of the parts, and serves /metrics, /healthz and /readyz at the configured
 * address. Throws errors of listening.
 */
export async function startOperations(
  { listen, spool }: OperationsOptions,
  { metrics, unready, notes, siblings, clock, logger, ...parts }: MonitoringParts,
): Promise<{ readonly address: string | undefined; stop(): Promise<void> }> {
  metrics.watch({
    ...parts,
    disk: () => diskOf(spool, clock),
    ready: async () => (await unready()).length === 0,
  });
  siblings?.onQuestion('metrics', async () => [await metrics.registry.metrics()]);
  siblings?.onQuestion('unready', unready);
  if (listen === undefined) return { address: undefined, stop: () => Promise.resolve() };
  const server = new OperationsServer({ listen, registry: metrics.registry, unready, notes, siblings, logger });
  return { address: await server.start(), stop: () => server.stop() };
}
