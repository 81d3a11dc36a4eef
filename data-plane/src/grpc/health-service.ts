import type { Server, ServerWritableStream } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { REGISTRY_SERVICE } from '../../../common/nodes/health-watch';
import type { Clock } from '../../../common/runtime/clock';

type WatchCall = ServerWritableStream<unknown, unknown>;
type Watch = (call: WatchCall) => void;

/**
 * grpc.health.v1 of a data plane, with an eye on who watches: a node that stops waits for those who send it requests to hear of it, and for nobody where
 * nobody does. Their streams would never end by themselves, and hold a server's shutdown up.
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
            // At every end of the call.
            call.on('cancelled', () => this.leave(call));
            watch(call);
          },
        });
      },
    });
  }

  /** What it says of Registry, and of the whole server. */
  set(serving: boolean): void {
    for (const name of ['', REGISTRY_SERVICE]) this.health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }

  /** Resolves after `ms`, or as soon as nobody is there who would hear of a change. */
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

  /** Ends what would otherwise never end. */
  endWatches(): void {
    for (const call of this.watches) call.end();
  }

  private leave(call: WatchCall): void {
    this.watches.delete(call);
    if (this.watches.size === 0) this.onUnwatched?.();
  }
}
