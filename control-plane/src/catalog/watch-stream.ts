import type { ServerWritableStream } from '@grpc/grpc-js';
import { repeat } from '../../../common/async/repeat';
import type { Clock } from '../../../common/runtime/clock';
import type { WatchReply } from '../../../proto/gen/layover/v1/WatchReply';
import type { WatchRequest__Output } from '../../../proto/gen/layover/v1/WatchRequest';
import type { Invalidation } from '../cache/content/invalidation.store';
import type { ConfigurationFeed } from './configuration-feed';
import { splitUpdate } from './configuration-update';

/** Time between two heartbeats, in milliseconds. */
const HEARTBEAT_MS = 10_000;
/**
 * Maximum number of invalidations that wait for a slow reader. With more, its stream ends. The data
 * plane then reconnects and revalidates its tags.
 */
const MAX_UNSENT = 20_000;

/** A call of Catalog.Watch. */
export type WatchCall = ServerWritableStream<WatchRequest__Output, WatchReply>;

/** Dependencies of {@link WatchStream}. */
export interface WatchStreamParts {
  readonly feed: ConfigurationFeed;
  readonly clock: Clock;
  /** Receives errors of sending a heartbeat. Heartbeats continue after an error. */
  readonly onHeartbeatError: (error: unknown) => void;
}

/** The configuration messages for one data plane, in order. */
interface ConfigurationMessages {
  /** Returns the next message, or undefined if the data plane is up to date. */
  next(): WatchReply | undefined;
  /** Whether an update has begun whose last part was not returned yet. */
  readonly isUnfinished: boolean;
}

/**
 * The stream to one data plane. It stores the position that the data plane has reached, but no
 * pending changes, so a slow reader needs no memory. When the reader continues, it gets one update
 * with all changes since that position.
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

  /** Sends the first message and begins to send heartbeats. */
  start(): void {
    const { clock, onHeartbeatError: onError } = this.parts;
    this.stopHeartbeats = repeat({ clock, everyMs: HEARTBEAT_MS, work: () => this.sendHeartbeat(), onError });
    this.send();
  }

  /** Sends new messages until the reader is busy. The rest follows when it reads again. */
  send(): void {
    while (!this.waiting && !this.ended) {
      const reply = this.next();
      if (reply === undefined) return;
      this.write(reply);
      if (this.configuration.isUnfinished && !this.waiting) {
        // Lets other streams and calls run between the parts of a large update.
        this.waiting = true;
        setImmediate(() => this.resume());
      }
    }
  }

  /**
   * Sends invalidations. Returns false if too many are waiting; the caller must then end the
   * stream.
   */
  forget(invalidations: readonly Invalidation[]): boolean {
    this.forgotten.push(...invalidations);
    this.send();
    return this.forgotten.length <= MAX_UNSENT;
  }

  /** Stops sending, including heartbeats. */
  release(): void {
    this.ended = true;
    void this.stopHeartbeats?.();
  }

  private next(): WatchReply | undefined {
    // The first message must be a configuration message, which tells the data plane that the stream
    // has begun.
    const invalidation = this.begun ? this.forgotten.shift() : undefined;
    return invalidation === undefined ? this.configuration.next() : { invalidation };
  }

  private write(reply: WatchReply): void {
    this.begun = true;
    this.waiting = !this.call.write({ ...reply, ageMs: this.parts.feed.ageMs });
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
