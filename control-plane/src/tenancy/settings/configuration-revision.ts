import { randomUUID } from 'node:crypto';
import type { ConfigurationPosition } from '../../../../common/grpc/configuration-position';
import { type ConfigurationChangeRow, type ConfigurationRevisionRow, Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import { type AfterCommitStep, hooksOf } from '../../db/transaction-hooks';

/**
 * Changes that are kept, in the database and in the memory of each control plane (about 3 MB). A
 * data plane that was away for more changes than these gets everything.
 */
export const CHANGES_KEPT = 20_000;

/**
 * What a transaction changed: an organization with its robots, or what all organizations share
 * (settings, token keys).
 */
export type ConfigurationPart = { readonly uid: string } | 'shared';

/**
 * The number that grows with every change of configuration, and the log of what changed. Shared by
 * all control planes on one database. Revisions are committed in order and without gaps, because
 * each transaction that makes one locks the row of the revision until it has ended.
 */
export class ConfigurationRevision {
  private readonly listeners = new Set<() => Promise<void>>();
  private readonly announcement: AfterCommitStep<undefined> = {
    name: 'announce a change of the configuration',
    phase: 'announce',
    run: async () => {
      await Promise.all([...this.listeners].map((listener) => listener()));
    },
  };

  /**
   * Counts a change and logs what changed, in the transaction that makes the change. That
   * transaction resolves when the listeners of this process have dealt with the change, so that a
   * mutation is answered when its change is on its way to the data planes. Other processes find the
   * change by polling.
   */
  async bump(queries: Queries, changed: ConfigurationPart): Promise<void> {
    await queries(Table.configurationRevision).where('id', 1).increment('revision', 1);
    await queries.raw(
      `INSERT INTO ${Table.configurationChanges} (revision, mark, organization_uid)
       SELECT revision, ?, ? FROM ${Table.configurationRevision} WHERE id = 1`,
      [randomUUID(), changed === 'shared' ? null : changed.uid],
    );
    hooksOf(queries).afterCommit(this.announcement);
  }

  /** Returns the position that is committed. */
  async head(queries: Queries): Promise<ConfigurationPosition> {
    const row = await queries(`${Table.configurationRevision} as r`)
      .leftJoin(`${Table.configurationChanges} as c`, 'c.revision', 'r.revision')
      .where('r.id', 1)
      .first<(ConfigurationRevisionRow & { readonly mark: string | null }) | undefined>('r.revision', 'c.mark');
    if (row === undefined) throw new Error('the configuration has no revision: the migrations have not run');
    return { revision: row.revision, mark: row.mark ?? '' };
  }

  /** Returns the changes from this revision on, the revision included, oldest first. */
  async changesFrom(queries: Queries, revision: number): Promise<readonly ConfigurationChangeRow[]> {
    return queries<ConfigurationChangeRow>(Table.configurationChanges)
      .where('revision', '>=', revision)
      .orderBy('revision');
  }

  /**
   * Deletes changes that are older than the newest `kept` ones, at most `limit`. Returns how many
   * were deleted.
   */
  async prune(queries: Queries, kept: number, limit: number): Promise<number> {
    const { revision } = await this.head(queries);
    const old = await queries<ConfigurationChangeRow>(Table.configurationChanges)
      .where('revision', '<=', revision - kept)
      .orderBy('revision')
      .limit(limit)
      .select('revision');
    const newest = old.at(-1);
    if (newest === undefined) return 0;
    return queries(Table.configurationChanges).where('revision', '<=', newest.revision).delete();
  }

  /**
   * Calls `listener` after every committed transaction of this process that changed the
   * configuration; the transaction waits for it. Other processes find changes by polling. The
   * listener must not reject. Returns a function that removes it.
   */
  onAnnounce(listener: () => Promise<void>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
