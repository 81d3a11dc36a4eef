import { type ConfigurationRevisionRow, Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';

/** The number that grows with every change of configuration, shared by all control planes on one database. */
export class ConfigurationRevision {
  private readonly listeners = new Set<() => Promise<void>>();

  /** Counts a change, in the transaction that makes it. */
  async bump(queries: Queries): Promise<void> {
    await queries(Table.configurationRevision).where('id', 1).increment('revision', 1);
  }

  /** The revision that is committed. */
  async read(queries: Queries): Promise<number> {
    const row = await queries<ConfigurationRevisionRow>(Table.configurationRevision).where('id', 1).first('revision');
    if (row === undefined) throw new Error('the configuration has no revision: the migrations have not run');
    return row.revision;
  }

  /**
   * Tells this process that something may have been committed; resolves when those who listen have dealt with it, so that
   * a mutation is answered when its change is on the way to the data planes. Other processes find out by polling.
   */
  async announce(): Promise<void> {
    await Promise.all([...this.listeners].map((listener) => listener()));
  }

  /** Calls back on every announcement (it must not reject); the function returned ends that. */
  onAnnounce(listener: () => Promise<void>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
