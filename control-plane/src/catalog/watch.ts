import { LayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { ConfigurationFeed } from './configuration-feed';
import type { InvalidationFeed } from './invalidation-feed';
import { type WatchCall, WatchStream } from './watch-stream';

/**
 * The open Watch streams. Each brings its data plane up to date, and then tells it of every change
 * and of everything that it must forget. A change is written to the streams of all data planes that
 * read before the mutation that made it is answered. A data plane that does not read holds up
 * neither the mutation nor the others.
 */
export class WatchStreams {
  private readonly open = new Set<() => void>();

  constructor(
    private readonly feed: ConfigurationFeed,
    private readonly invalidations: InvalidationFeed,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** How many data planes watch. */
  get size(): number {
    return this.open.size;
  }

  /** Serves one call until the caller leaves or {@link endAll}. */
  serve(call: WatchCall): void {
    const { position } = this.feed;
    if (position === undefined) {
      call.emit('error', toGrpcFailure(new LayoverError('NOT_READY')));
      return;
    }
    const node = call.request.node.slice(0, 128);
    const stream = new WatchStream(call, {
      feed: this.feed,
      clock: this.clock,
      onHeartbeatError: (error) => this.log.error({ err: error, node }, 'a heartbeat could not be sent'),
    });
    const subscriptions = [
      this.feed.subscribe(() => stream.send()),
      this.invalidations.subscribe((found) => {
        if (!stream.forget(found)) end();
      }),
    ];
    const release = (): void => {
      if (!this.open.delete(end)) return;
      for (const unsubscribe of subscriptions) unsubscribe();
      stream.release();
      this.log.info({ node }, 'a data plane stopped watching');
    };
    const end = (): void => {
      release();
      call.end();
    };
    // `cancelled` comes at every end of a call (grpc-node issue 2771); release works once.
    call.on('cancelled', release);
    call.on('close', release);
    call.on('error', release);
    this.open.add(end);
    this.log.info(
      { node, revision: position.revision, known: call.request.knownRevision },
      'a data plane watches the configuration',
    );
    stream.start();
  }

  /** Ends every stream; data planes ask again elsewhere or later. */
  endAll(): void {
    for (const end of [...this.open]) end();
  }
}
