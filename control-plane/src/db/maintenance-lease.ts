import { type MaintenanceLeaseRow, Table } from '../../../schema/tables';
import { bulkInsert } from './bulk-insert';
import type { Database } from './database';
import { newId } from './new-id';

/**
 * A lease that lets one of several control planes on one database do a task. Two control planes may
 * hold it at once, because a lease ends by the clock; so the task must tolerate that.
 */
export class MaintenanceLease {
  private readonly owner = newId();
  /**
   * The end of the lease as this process last wrote it, in milliseconds since the epoch; 0 if it
   * holds none.
   */
  private validUntil = 0;

  constructor(
    private readonly database: Database,
    private readonly name: string,
  ) {}

  /**
   * Takes or extends the lease until `until` (milliseconds since the epoch). Writes nothing while
   * at least half of that time is left, so it is cheap to call before every step. Returns false if
   * another process holds the lease.
   */
  async take(now: number, until: number): Promise<boolean> {
    if (this.validUntil - now >= (until - now) / 2) return true;
    this.validUntil = 0;
    const taken = await this.database.transaction(async (queries) => {
      const row: MaintenanceLeaseRow = { name: this.name, owner: this.owner, valid_until: 0 };
      await bulkInsert(queries, Table.maintenanceLeases, [row], { kind: 'keep' });
      const taken = await queries<MaintenanceLeaseRow>(Table.maintenanceLeases)
        .where('name', this.name)
        .where((free) => free.where('owner', this.owner).orWhere('valid_until', '<=', now))
        .update({ owner: this.owner, valid_until: until });
      return taken > 0;
    });
    if (taken) this.validUntil = until;
    return taken;
  }

  /** Releases the lease. */
  async release(): Promise<void> {
    this.validUntil = 0;
    await this.database.transaction((queries) =>
      queries(Table.maintenanceLeases).where({ name: this.name, owner: this.owner }).update({ valid_until: 0 }),
    );
  }
}
