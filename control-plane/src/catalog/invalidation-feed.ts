import { Poller } from '../../../common/async/poller';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { Queries } from '../db/database';
import type { Invalidation, InvalidationStore } from '../cache/content/invalidation.store';

/** Interval in milliseconds at which invalidations of other control planes are read. */
const POLL_MS = 1000;
/**
 * Maximum time in milliseconds between the assignment of an id and its commit. Ids are read again
 * for this long.
 */
const LATE_MS = 30_000;
/** Invalidations in one read. */
const PAGE = 2000;

/** The dependencies of {@link InvalidationFeed}. */
export interface InvalidationFeedParts {
  /** For reads. */
  readonly queries: Queries;
  readonly invalidations: InvalidationStore;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Passes invalidations on to listeners: those of this process at once, those of other processes
 * within a second. Ids grow in the order of their assignment and not of their commit. So each poll
 * reads the last 30 seconds again, and each invalidation is passed on once.
 */
export class InvalidationFeed {
  private readonly listeners = new Set<(invalidations: readonly Invalidation[]) => void>();
  private readonly told = new Map<number, number>();
  private floor = 0;
  private readonly poller: Poller;
  private stopListening = (): void => undefined;

  constructor(private readonly parts: InvalidationFeedParts) {
    const { clock, log } = parts;
    this.poller = new Poller({
      clock,
      everyMs: POLL_MS,
      poll: () => this.tell(),
      onError: (error) =>
        log.error({ err: error }, 'Reading invalidations from the database failed; it will be retried'),
    });
  }

  /**
   * Starts with invalidations that are written from now on. Throws if the database cannot be read.
   */
  async start(): Promise<void> {
    const { invalidations, queries, clock } = this.parts;
    this.floor = await invalidations.lastBefore(queries, clock.now() - LATE_MS);
    await this.read(() => undefined);
    this.stopListening = invalidations.onAnnounce(() => this.poller.pollNow());
    this.poller.start();
  }

  /** Stops after the running poll. */
  async stop(): Promise<void> {
    this.stopListening();
    this.listeners.clear();
    await this.poller.stop();
  }

  /** Calls `listener` with new invalidations. Returns a function that unsubscribes it. */
  subscribe(listener: (invalidations: readonly Invalidation[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(): Promise<void> {
    return this.read((found) => {
      for (const listener of this.listeners) listener(found);
    });
  }

  private async read(tell: (found: readonly Invalidation[]) => void): Promise<void> {
    const { invalidations, queries, clock } = this.parts;
    const old = clock.now() - LATE_MS;
    for (let after = this.floor; ;) {
      const rows = await invalidations.after(queries, after, PAGE);
      const fresh = rows.filter(({ id }) => !this.told.has(id));
      for (const { id, at } of fresh) this.told.set(id, at);
      if (fresh.length > 0)
        tell(
          fresh.map(({ organization_uid, repository, tag, digest }) => ({
            organizationUid: organization_uid,
            repository,
            tag,
            digest,
          })),
        );
      if (rows.length < PAGE) break;
      after = rows.at(-1)!.id;
    }
    for (const [id, at] of this.told) {
      if (at >= old) continue;
      this.told.delete(id);
      this.floor = Math.max(this.floor, id);
    }
  }
}
