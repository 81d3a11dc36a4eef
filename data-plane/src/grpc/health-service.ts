import type { Server, ServerWritableStream } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { REGISTRY_SERVICE } from '../../../common/nodes/health-watch';
import type { Clock } from '../../../common/runtime/clock';

type WatchCall = ServerWritableStream<unknown, unknown>;
type Watch = (call: WatchCall) => void;

/**
 * The grpc.health.v1 service of a data plane. It also tracks the watchers: a stopping node waits
 * until its callers have learned that it stops, or continues at once if nobody watches. Watch
 * streams never end by themselves and would block the shutdown of a server.
 */
export class HealthService {
  private readonly health = new HealthImplementation({ '': 'NOT_SERVING', [REGISTRY_SERVICE]: 'NOT_SERVING' });
  private readonly watches = new Set<WatchCall>();
  private onUnwatched: (() => void) | undefined;

  addTo(server: Server): void {
    this.health.addToServer({
      addService: (definition, methods) => {
        const watch = methods['watch'] as Watch;
        server.addService(definition, {
          ...methods,
          watch: (call: WatchCall) => {
            this.watches.add(call);
            // grpc-js emits `cancelled` at every end of a call.
            call.on('cancelled', () => this.leave(call));
            watch(call);
          },
        });
      },
    });
  }

  /** Sets the status of Registry and of the whole server. */
  set(serving: boolean): void {
    for (const name of ['', REGISTRY_SERVICE]) this.health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }

  /** Resolves after `ms` milliseconds, or as soon as nobody watches. */
  whileWatched(clock: Clock, ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.watches.size === 0) {
        resolve();
        return;
      }
      const cancel = clock.after(ms, resolve);
      this.onUnwatched = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Ends all watch streams, which never end by themselves. */
  endWatches(): void {
    for (const call of this.watches) call.end();
  }

  private leave(call: WatchCall): void {
    this.watches.delete(call);
    if (this.watches.size === 0) this.onUnwatched?.();
  }
}
