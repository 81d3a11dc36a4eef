import { randomUUID } from 'node:crypto';
import type { ConfigurationPosition } from '../../../../common/grpc/configuration-position';
import { type ConfigurationChangeRow, type ConfigurationRevisionRow, Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import { type AfterCommitStep, hooksOf } from '../../db/transaction-hooks';

/**
 * Number of changes that are kept in the database and in the memory of each control plane (about 3
 * MB). A data plane that missed more changes gets a full snapshot.
 */
export const CHANGES_KEPT = 20_000;

/**
 * The part of the configuration that a transaction changed: an organization with its robots, or the
 * shared part (system settings and token keys).
 */
export type ConfigurationPart = { readonly uid: string } | 'shared';

/**
 * The revision of the configuration, which increases with every change, and the log of changes. All
 * control planes on a database share them. Revisions are committed in order and without gaps,
 * because each transaction that increments the revision locks its row until the transaction ends.
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
   * Increments the revision and logs the change, in the transaction that makes the change. After
   * the commit, the listeners are called, and `transaction` resolves after they have finished.
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

  /** Returns the committed position. */
  async head(queries: Queries): Promise<ConfigurationPosition> {
    const row = await queries(`${Table.configurationRevision} as r`)
      .leftJoin(`${Table.configurationChanges} as c`, 'c.revision', 'r.revision')
      .where('r.id', 1)
      .first<(ConfigurationRevisionRow & { readonly mark: string | null }) | undefined>('r.revision', 'c.mark');
    if (row === undefined) throw new Error('The configuration has no revision. Run the database migrations.');
    return { revision: row.revision, mark: row.mark ?? '' };
  }

  /** Returns the changes from `revision` on, including it, oldest first. */
  async changesFrom(queries: Queries, revision: number): Promise<readonly ConfigurationChangeRow[]> {
    return queries<ConfigurationChangeRow>(Table.configurationChanges)
      .where('revision', '>=', revision)
      .orderBy('revision');
  }

  /**
   * Deletes at most `limit` of the changes that are older than the newest `kept` ones. Returns the
   * number of deleted changes.
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
