import { isApiError } from '../../errors/api-error';
import { adoptContent } from '../arrivals/adopt-content';
import { loseContent } from '../arrivals/lose-content';
import type { Collected, GarbageParts } from './garbage-parts';

/** Pages of the stores that one step looks at. */
const PAGES = 2;
/** Suspects that one step records at most. */
const STEP = 200;
/** Maximum number of suspects in memory. At the limit, the walk waits. */
const MAX_SUSPECTS = 5_000;
/**
 * How long content must have been stored without a row before it is recorded, in milliseconds. The
 * report of a fill that has just ended arrives within seconds.
 */
const SETTLE_MS = 60_000;
/**
 * Number of digests without a row from which on it matters whether they are most of a store: then
 * the database is probably another one, or an old backup, and a mistake in a setting must not
 * delete a store.
 */
const MANY = 500;
/** Digests that a log line names. */
const NAMED = 5;

/**
 * Finds content of the stores that has no row: a data plane was killed between storing it and
 * reporting it, the report was lost with its disk, or a data plane was away when the content was
 * deleted. Without a row, nothing would ever delete it.
 *
 * It is not deleted from here: it gets a row without a holder, and is then collected after the
 * grace period like all content that nothing holds (delete-blobs.ts). So there is one way to delete
 * bytes, with one lock, and a pull that needs the content in the meantime gets it.
 *
 * Walks through the stores in the background, a few pages in each round. A new walk begins at most
 * once in each grace period. What it has found is in memory only: a later walk finds it again. If
 * most of a store has no row, nothing is recorded, and an operator has to decide.
 */
export class UnrecordedContent {
  /** Where the walk goes on; undefined if none is running. */
  private position: string | undefined;
  /** When the last walk began, or when it last failed, in milliseconds since the epoch. */
  private triedAt = Number.NEGATIVE_INFINITY;
  private hasFailed = false;
  /** What this walk has seen. */
  private seen = { digests: 0, withoutRow: 0, isReported: false };
  /** Digests without a row and since when they are known, oldest first. */
  private readonly suspects = new Map<string, number>();

  constructor(private readonly parts: GarbageParts) {}

  /**
   * Does one step: records suspects that are still without a row, and looks for further ones. If no
   * data plane answers, the keeper has logged it, and the next try is a grace period later: this
   * work is not worth a failed round of collection.
   */
  async step(collected: Collected): Promise<void> {
    try {
      await this.recordDue(collected);
      await this.walk();
    } catch (error) {
      if (!isApiError(error) || error.code !== 'UNAVAILABLE') throw error;
      this.hasFailed = true;
      this.triedAt = this.parts.clock.now();
    }
  }

  private async walk(): Promise<void> {
    const { keeper, clock, graceMs } = this.parts;
    const now = clock.now();
    // A clock that was set back must not delay the next walk.
    const isEarly = now >= this.triedAt && now - this.triedAt < graceMs;
    if (isEarly && (this.position === undefined || this.hasFailed)) return;
    this.hasFailed = false;
    if (this.position === undefined) {
      this.position = '';
      this.triedAt = now;
      this.seen = { digests: 0, withoutRow: 0, isReported: false };
    }
    if (this.suspects.size >= MAX_SUSPECTS) return;
    let pages = 0;
    for await (const page of keeper.list(this.position)) {
      const last = page.at(-1);
      if (last === undefined) break;
      await this.suspect(
        page.map(({ digest }) => digest),
        now,
      );
      this.position = last.digest;
      pages += 1;
      if (pages === PAGES) return;
    }
    this.position = undefined;
  }

  /** Adds those of these digests that have no row. */
  private async suspect(digests: readonly string[], now: number): Promise<void> {
    const without = await this.withoutRow(digests);
    this.seen.digests += digests.length;
    this.seen.withoutRow += without.size;
    if (this.isMost()) return;
    for (const digest of without) if (!this.suspects.has(digest)) this.suspects.set(digest, now);
  }

  /**
   * Returns whether most of the store has no row. Logs it once for each walk, and forgets the
   * suspects.
   */
  private isMost(): boolean {
    const { digests, withoutRow, isReported } = this.seen;
    if (withoutRow < MANY || withoutRow * 2 < digests) return false;
    this.suspects.clear();
    this.seen.isReported = true;
    if (!isReported)
      this.parts.log.error(
        { digests, withoutRow },
        'Most of the stored content has no row and is therefore not collected; check that this database belongs to ' +
          'these data planes, then run npm run fsck -- --repair',
      );
    return true;
  }

  private async recordDue(collected: Collected): Promise<void> {
    const { database, stores, keeper, clock, log, graceMs } = this.parts;
    const now = clock.now();
    const isDue = (since: number): boolean => Math.abs(now - since) >= Math.min(SETTLE_MS, graceMs);
    const due = [...this.suspects].filter(([, since]) => isDue(since)).slice(0, STEP);
    if (due.length === 0) return;
    const digests = due.map(([digest]) => digest);
    for (const digest of digests) this.suspects.delete(digest);
    // The rows are read before and after the stores: a deletion or an arrival in between is none of
    // this.
    const before = await this.withoutRow(digests);
    const states = await keeper.stat(digests);
    const after = await this.withoutRow(digests);
    const found = digests.flatMap((digest) => {
      const state = states.get(digest);
      if (state?.size === undefined || !before.has(digest) || !after.has(digest)) return [];
      // It is being filled or read, or its data plane has records that it could not deliver yet.
      if (state.inUse) this.suspects.set(digest, now);
      return state.inUse ? [] : [{ digest, size: state.size, at: now }];
    });
    if (found.length === 0) return;
    for (const content of found) await adoptContent(database, stores, content);
    const still = await keeper.stat(found.map(({ digest }) => digest));
    const recorded = found.filter(({ digest }) => still.get(digest)?.size !== undefined);
    // Somebody else deleted the others just now.
    for (const { digest } of found.filter((content) => !recorded.includes(content)))
      await loseContent(database, stores, digest, now, 'GONE', { onlyIf: (row) => row?.present_at === now });
    collected.unrecorded += recorded.length;
    if (recorded.length === 0) return;
    log.warn(
      {
        blobs: recorded.length,
        bytes: recorded.reduce((sum, { size }) => sum + size, 0),
        digests: recorded.slice(0, NAMED).map(({ digest }) => digest),
      },
      'Stored content without a row was found; it is deleted after the grace period unless a pull needs it',
    );
  }

  /** Returns those of these digests that have no row, or one of content in the quarantine. */
  private async withoutRow(digests: readonly string[]): Promise<ReadonlySet<string>> {
    const { database, stores } = this.parts;
    const rows = await stores.blobs.find(database.reader, digests);
    return new Set(digests.filter((digest) => (rows.get(digest)?.state ?? 'QUARANTINED') === 'QUARANTINED'));
  }
}
