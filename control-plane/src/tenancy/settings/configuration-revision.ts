import { type ConfigurationRevisionRow, Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';

/**
 * The revision of the configuration. It grows with every change and is shared by all control planes
 * on one database.
 */
export class ConfigurationRevision {
  private readonly listeners = new Set<() => Promise<void>>();

  /** Increments the revision in the transaction of a change. */
  async bump(queries: Queries): Promise<void> {
    await queries(Table.configurationRevision).where('id', 1).increment('revision', 1);
  }

  /** Returns the committed revision. */
  async read(queries: Queries): Promise<number> {
    const row = await queries<ConfigurationRevisionRow>(Table.configurationRevision).where('id', 1).first('revision');
    if (row === undefined) throw new Error('The configuration has no revision: the migrations have not run.');
    return row.revision;
  }

  /**
   * Tells this process that a change may have been committed. Resolves when all listeners have
   * handled it, so that a mutation is answered after its change was sent to the data planes. Other
   * processes find the change by polling.
   */
  async announce(): Promise<void> {
    await Promise.all([...this.listeners].map((listener) => listener()));
  }

  /**
   * Registers a listener for announcements, which must not reject. Returns a function that removes
   * it.
   */
  onAnnounce(listener: () => Promise<void>): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
