import { type MaintenanceLeaseRow, Table } from '../../../schema/tables';
import { bulkInsert } from './bulk-insert';
import type { Database } from './database';
import { newId } from './new-id';

/**
 * Lets one of several control planes on one database do what needs to be done by one. Whatever is done under it must be harmless when
 * two do it all the same: a lease ends by the clock.
 */
export class MaintenanceLease {
  private readonly owner = newId();
  /** What this process wrote last; 0 = it has not got it. */
  private validUntil = 0;

  constructor(
    private readonly database: Database,
    private readonly name: string,
  ) {}

  /**
   * Takes or keeps it, for half as long as until `until` at least (milliseconds since the epoch): between two steps it can be asked
   * for without a write each time. False = another process has it.
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

  /** Gives it back. */
  async release(): Promise<void> {
    this.validUntil = 0;
    await this.database.transaction((queries) =>
      queries(Table.maintenanceLeases).where({ name: this.name, owner: this.owner }).update({ valid_until: 0 }),
    );
  }
}
