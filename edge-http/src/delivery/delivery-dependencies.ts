import type { BufferPool } from '../../../common/files/buffer-pool';
import type { Clock } from '../../../common/runtime/clock';
import type { RegistryReader } from '../registry/registry-reader';
import type { DeliveryMetrics } from './delivery-metrics';

/** Dependencies of deliveries. */
export interface DeliveryDependencies {
  readonly reader: RegistryReader;
  readonly buffers: BufferPool;
  readonly metrics: DeliveryMetrics;
  /** A client that reads nothing for this many milliseconds is disconnected. */
  readonly clientIdleMs: number;
  readonly clock: Clock;
}
