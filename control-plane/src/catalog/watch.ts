import { LayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { ConfigurationFeed } from './configuration-feed';
import type { InvalidationFeed } from './invalidation-feed';
import { type WatchCall, WatchStream } from './watch-stream';

/**
 * The open Watch streams. Each stream brings its data plane up to date, then sends all changes and
 * invalidations. Before a mutation is answered, its change has been written to the streams of all
 * data planes that are reading. A data plane that does not read delays neither mutations nor other
 * data planes.
 */
export class WatchStreams {
  private readonly open = new Set<() => void>();

  constructor(
    private readonly feed: ConfigurationFeed,
    private readonly invalidations: InvalidationFeed,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** The number of data planes that watch. */
  get size(): number {
    return this.open.size;
  }

  /** Serves a call until the caller cancels it or {@link endAll} is called. */
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
      onHeartbeatError: (error) => this.log.error({ err: error, node }, 'Sending a heartbeat failed'),
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
      this.log.info({ node }, 'A data plane stopped watching the configuration');
    };
    const end = (): void => {
      release();
      call.end();
    };
    // `cancelled` is emitted whenever a call ends (grpc-node issue 2771). `release` takes effect
    // only once.
    call.on('cancelled', release);
    call.on('close', release);
    call.on('error', release);
    this.open.add(end);
    this.log.info(
      { node, revision: position.revision, known: call.request.knownRevision },
      'A data plane began to watch the configuration',
    );
    stream.start();
  }

  /**
   * Reads the newest configuration and writes it to the streams of the data planes that read.
   * Returns its revision. If the database cannot be read, returns the last one that is known.
   */
  async catchUp(): Promise<number> {
    await this.feed.catchUpNow();
    return this.feed.position?.revision ?? 0;
  }

  /** Ends all streams. Data planes reconnect later, or to another control plane. */
  endAll(): void {
    for (const end of [...this.open]) end();
  }
}
