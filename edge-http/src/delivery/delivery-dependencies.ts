import type { BufferPool } from '../../../common/files/buffer-pool';
import type { Clock } from '../../../common/runtime/clock';
import type { RegistryReader } from '../registry/registry-reader';
import type { DeliveryMetrics } from './delivery-metrics';
import type { DeliveryPlaces } from './delivery-places';
import type { Offload } from './offload';

/** Dependencies of deliveries. */
export interface DeliveryDependencies {
  readonly reader: RegistryReader;
  readonly buffers: BufferPool;
  /** Places for local files and connections of the byte channel. */
  readonly descriptors: DeliveryPlaces;
  readonly metrics: DeliveryMetrics;
  /** A client that reads nothing for this many milliseconds is disconnected. */
  readonly clientIdleMs: number;
  /** How long an answer that has begun waits for a data plane, in milliseconds. */
  readonly resumeWithinMs: number;
  readonly clock: Clock;
  /** Undefined means that the edge sends all files itself. */
  readonly offload?: Offload | undefined;
}
