import { Poller } from '../../../common/async/poller';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { Queries } from '../db/database';
import type { Invalidation, InvalidationStore } from '../cache/content/invalidation.store';

/** How often it is looked for what another control plane wrote, in milliseconds. */
const POLL_MS = 1000;
/** How long a transaction can take between getting an id and being seen, in milliseconds: ids are looked at again for as long. */
const LATE_MS = 30_000;
/** Read at once. */
const PAGE = 2000;

/** What the feed works with. */
export interface InvalidationFeedParts {
  /** For reads. */
  readonly queries: Queries;
  readonly invalidations: InvalidationStore;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * What data planes must forget, as it is written: of this process at once, of others within a second. Ids grow in the order in
 * which they are given, not in which they are committed, so the last half minute is read again every time and each is told once.
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
      onError: (error) => log.error({ err: error }, 'what data planes must forget cannot be read'),
    });
  }

  /** Begins to watch, from now on. Throws when the database can't be read. */
  async start(): Promise<void> {
    const { invalidations, queries, clock } = this.parts;
    this.floor = await invalidations.lastBefore(queries, clock.now() - LATE_MS);
    await this.read(() => undefined);
    this.stopListening = invalidations.onAnnounce(() => this.poller.pollNow());
    this.poller.start();
  }

  /** Ends watching, after the poll that runs. */
  async stop(): Promise<void> {
    this.stopListening();
    this.listeners.clear();
    await this.poller.stop();
  }

  /** Calls back with what is to be forgotten; the function returned ends that. */
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
