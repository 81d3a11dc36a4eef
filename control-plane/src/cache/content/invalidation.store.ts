import { type InvalidationRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import type { Queries } from '../../db/database';
import { type AfterCommitStep, hooksOf } from '../../db/transaction-hooks';

/**
 * What data planes must forget: an organization, a repository, a tag or a digest. An empty string
 * means all.
 */
export interface Invalidation {
  readonly organizationUid: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** Stores invalidations and notifies listeners of new ones. */
export class InvalidationStore {
  private readonly listeners = new Set<() => Promise<void>>();
  private readonly announcement: AfterCommitStep<undefined> = {
    name: 'announce invalidations',
    phase: 'announce',
    run: async () => {
      await Promise.all([...this.listeners].map((listener) => listener()));
    },
  };

  /**
   * Writes invalidations in the transaction of the change that causes them. The transaction
   * resolves when the listeners of this process have passed them on. Other processes find them by
   * polling.
   */
  async append(queries: Queries, invalidations: readonly Invalidation[], now: number): Promise<void> {
    if (invalidations.length === 0) return;
    const rows: Omit<InvalidationRow, 'id'>[] = invalidations.map(({ organizationUid, repository, tag, digest }) => ({
      at: now,
      organization_uid: organizationUid,
      repository,
      tag,
      digest,
    }));
    await bulkInsert(queries, Table.invalidations, rows);
    hooksOf(queries).afterCommit(this.announcement);
  }

  /** Returns up to `limit` invalidations with a larger id, oldest first. */
  async after(queries: Queries, id: number, limit: number): Promise<readonly InvalidationRow[]> {
    return queries<InvalidationRow>(Table.invalidations).where('id', '>', id).orderBy('id').limit(limit);
  }

  /**
   * Returns the largest id that was written before `before` (milliseconds since the epoch), or 0.
   */
  async lastBefore(queries: Queries, before: number): Promise<number> {
    const row = await queries<InvalidationRow>(Table.invalidations)
      .where('at', '<', before)
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .first('id');
    return row?.id ?? 0;
  }

  /**
   * Deletes up to `limit` invalidations from before `before`, and returns how many were deleted. A
   * data plane that was disconnected for longer reloads everything.
   */
  async prune(queries: Queries, before: number, limit: number): Promise<number> {
    const rows = await queries<InvalidationRow>(Table.invalidations)
      .where('at', '<', before)
      .orderBy('at')
      .limit(limit)
      .select('id');
    await queries(Table.invalidations)
      .whereIn(
        'id',
        rows.map(({ id }) => id),
      )
      .delete();
    return rows.length;
  }

  /**
   * Calls `listener` after every commit that wrote invalidations. Returns a function that
   * unsubscribes it.
   */
  onAnnounce(listener: () => Promise<void>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
