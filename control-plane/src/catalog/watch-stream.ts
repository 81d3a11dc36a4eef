import type { ServerWritableStream } from '@grpc/grpc-js';
import { repeat } from '../../../common/async/repeat';
import type { Clock } from '../../../common/runtime/clock';
import type { WatchReply } from '../../../proto/gen/layover/v1/WatchReply';
import type { WatchRequest__Output } from '../../../proto/gen/layover/v1/WatchRequest';
import type { Invalidation } from '../cache/content/invalidation.store';
import type { ConfigurationFeed } from './configuration-feed';
import { splitUpdate } from './configuration-update';

/** How often a heartbeat is sent, in milliseconds. */
const HEARTBEAT_MS = 10_000;
/**
 * Invalidations that wait for a slow reader; with more its stream ends, and when it comes back it
 * asks for everything anew.
 */
const MAX_UNSENT = 20_000;

/** One call of Catalog.Watch. */
export type WatchCall = ServerWritableStream<WatchRequest__Output, WatchReply>;

/** What a stream works with. */
export interface WatchStreamParts {
  readonly feed: ConfigurationFeed;
  readonly clock: Clock;
  /** Receives what sending a heartbeat throws; the next one is sent nevertheless. */
  readonly onHeartbeatError: (error: unknown) => void;
}

/** The messages that bring one data plane up to date, in order. */
interface ConfigurationMessages {
  /** Returns the next message; undefined if the data plane has been sent everything. */
  next(): WatchReply | undefined;
  /** Whether an update has begun and its last part has not been returned. */
  readonly isUnfinished: boolean;
}

/**
 * The stream to one data plane. It remembers the position that the data plane was brought to and
 * not what changed since, so a slow reader costs no memory: when it reads again, it gets one update
 * with everything that changed meanwhile.
 */
export class WatchStream {
  private readonly configuration: ConfigurationMessages;
  private readonly forgotten: Invalidation[] = [];
  private waiting = false;
  private begun = false;
  private ended = false;
  private stopHeartbeats: (() => Promise<void>) | undefined;

  constructor(
    private readonly call: WatchCall,
    private readonly parts: WatchStreamParts,
  ) {
    const { feed } = parts;
    const { acceptsUpdates, knownRevision: revision, knownMark: mark } = call.request;
    this.configuration = acceptsUpdates ? updatesOf(feed, { revision, mark }) : snapshotsOf(feed);
    call.on('drain', () => this.resume());
  }

  /** Sends the first message, and heartbeats from now on. */
  start(): void {
    const { clock, onHeartbeatError: onError } = this.parts;
    this.stopHeartbeats = repeat({ clock, everyMs: HEARTBEAT_MS, work: () => this.sendHeartbeat(), onError });
    this.send();
  }

  /** Sends what is new, as far as the reader takes it; the rest follows when it reads again. */
  send(): void {
    while (!this.waiting && !this.ended) {
      const reply = this.next();
      if (reply === undefined) return;
      this.write(reply);
      if (this.configuration.isUnfinished && !this.waiting) {
        // Other streams and calls take their turn between the parts of a large update.
        this.waiting = true;
        setImmediate(() => this.resume());
      }
    }
  }

  /**
   * Sends invalidations. Returns false if too many wait for the reader; the stream must then end.
   */
  forget(invalidations: readonly Invalidation[]): boolean {
    this.forgotten.push(...invalidations);
    this.send();
    return this.forgotten.length <= MAX_UNSENT;
  }

  /** Sends nothing any more. */
  release(): void {
    this.ended = true;
    void this.stopHeartbeats?.();
  }

  private next(): WatchReply | undefined {
    // The first message is about the configuration: it tells the data plane that the stream has
    // begun.
    const invalidation = this.begun ? this.forgotten.shift() : undefined;
    return invalidation === undefined ? this.configuration.next() : { invalidation };
  }

  private write(reply: WatchReply): void {
    this.begun = true;
    this.waiting = !this.call.write(reply);
  }

  private resume(): void {
    this.waiting = false;
    this.send();
  }

  private sendHeartbeat(): void {
    if (!this.waiting) this.write({ heartbeat: { revision: this.parts.feed.position?.revision ?? 0 } });
  }
}

function updatesOf(feed: ConfigurationFeed, known: { readonly revision: number; readonly mark: string }) {
  let sent = known;
  let isFirst = true;
  let parts: ReturnType<typeof splitUpdate> | undefined;
  return {
    get isUnfinished() {
      return parts !== undefined;
    },
    next(): WatchReply | undefined {
      if (parts === undefined) {
        const position = feed.position!;
        const isCurrent = sent.revision === position.revision && sent.mark === position.mark;
        if (isCurrent && !isFirst) return undefined;
        isFirst = false;
        const update = feed.updateSince(sent);
        sent = update.to;
        parts = splitUpdate(update);
      }
      const part = parts.next();
      if (part.done) return undefined;
      if (part.value.last) parts = undefined;
      return { update: part.value };
    },
  };
}

function snapshotsOf(feed: ConfigurationFeed): ConfigurationMessages {
  let sent: ConfigurationFeed['position'];
  return {
    isUnfinished: false,
    next() {
      const { position } = feed;
      if (position === undefined || (sent?.revision === position.revision && sent.mark === position.mark))
        return undefined;
      sent = position;
      return { snapshot: feed.snapshot() };
    },
  };
}
