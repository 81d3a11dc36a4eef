import { type ConfigurationRevisionRow, Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import { type AfterCommitStep, hooksOf } from '../../db/transaction-hooks';

/** The number that grows with every change of configuration, shared by all control planes on one database. */
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
   * Counts a change, in the transaction that makes it. The transaction resolves when the listeners of
   * this process have dealt with the change, so that a mutation is answered when its change is on
   * its way to the data planes. Other processes find it by polling.
   */
  async bump(queries: Queries): Promise<void> {
    await queries(Table.configurationRevision).where('id', 1).increment('revision', 1);
    hooksOf(queries).afterCommit(this.announcement);
  }

  /** The revision that is committed. */
  async read(queries: Queries): Promise<number> {
    const row = await queries<ConfigurationRevisionRow>(Table.configurationRevision).where('id', 1).first('revision');
    if (row === undefined) throw new Error('the configuration has no revision: the migrations have not run');
    return row.revision;
  }

  /** Calls `listener` after every committed change of this process. Returns a function that ends this. */
  onAnnounce(listener: () => Promise<void>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
