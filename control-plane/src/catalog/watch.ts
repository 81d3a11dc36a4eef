import type { ServerWritableStream } from '@grpc/grpc-js';
import { repeat } from '../../../common/async/repeat';
import { LayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { WatchReply } from '../../../proto/gen/layover/v1/WatchReply';
import type { WatchRequest__Output } from '../../../proto/gen/layover/v1/WatchRequest';
import type { ConfigurationFeed } from './configuration-feed';
import type { Invalidation } from '../cache/content/invalidation.store';
import type { InvalidationFeed } from './invalidation-feed';

/** How often a heartbeat is sent, in milliseconds. */
const HEARTBEAT_MS = 10_000;
/** Invalidations that wait for a slow reader; with more its stream ends, and when it comes back it asks for everything anew. */
const MAX_UNSENT = 20_000;

type WatchCall = ServerWritableStream<WatchRequest__Output, WatchReply>;

/**
 * The open Watch streams. Each gets the snapshot first and then every newer one, and everything that it must forget from then on.
 * To a slow reader only the newest snapshot is sent, so that it costs a bounded memory and never holds up the others.
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
    const first = this.feed.current();
    if (first === undefined) {
      call.emit('error', toGrpcFailure(new LayoverError('NOT_READY')));
      return;
    }
    const node = call.request.node.slice(0, 128);
    let waiting = false;
    let unsent = false;
    const send = (reply: WatchReply): void => {
      waiting = !call.write(reply);
    };
    const sendNewest = (): void => {
      unsent = waiting;
      if (!waiting) send({ snapshot: this.feed.current() ?? first });
    };
    const beat = (): void => {
      if (!waiting) send({ heartbeat: { revision: this.feed.current()?.revision ?? 0 } });
    };
    const forgotten: Invalidation[] = [];
    const sendForgotten = (): void => {
      while (!waiting && forgotten.length > 0) send({ invalidation: forgotten.shift()! });
    };
    const subscriptions = [
      this.feed.subscribe(sendNewest),
      this.invalidations.subscribe((found) => {
        forgotten.push(...found);
        sendForgotten();
        if (forgotten.length > MAX_UNSENT) end();
      }),
    ];
    const release = (): void => {
      if (!this.open.delete(end)) return;
      for (const unsubscribe of subscriptions) unsubscribe();
      void stopHeartbeats();
      this.log.info({ node }, 'a data plane stopped watching');
    };
    const end = (): void => {
      release();
      call.end();
    };
    const stopHeartbeats = repeat({
      clock: this.clock,
      everyMs: HEARTBEAT_MS,
      work: beat,
      onError: (error) => this.log.error({ err: error, node }, 'a heartbeat could not be sent'),
    });
    call.on('drain', () => {
      waiting = false;
      sendForgotten();
      if (unsent && !waiting) sendNewest();
    });
    // `cancelled` comes at every end of a call (grpc-node issue 2771); release works once.
    call.on('cancelled', release);
    call.on('close', release);
    call.on('error', release);
    this.open.add(end);
    this.log.info({ node, revision: first.revision }, 'a data plane watches the configuration');
    sendNewest();
  }

  /** Ends every stream; data planes ask again elsewhere or later. */
  endAll(): void {
    for (const end of [...this.open]) end();
  }
}
