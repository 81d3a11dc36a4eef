import { type MaintenanceLeaseRow, Table } from '../../../schema/tables';
import { bulkInsert } from '../db/bulk-insert';
import type { Database } from '../db/database';
import { newId } from '../ids/new-id';

/**
 * Lets one of several control planes on one database do what needs to be done by one. Whatever is done under it must be harmless when
 * two do it all the same: a lease ends by the clock.
 */
export class MaintenanceLease {
  private readonly owner = newId();

  constructor(
    private readonly database: Database,
    private readonly name: string,
  ) {}

  /** Takes or keeps it until `until` (milliseconds since the epoch); false = another process has it. */
  async take(now: number, until: number): Promise<boolean> {
    return this.database.transaction(async (queries) => {
      const row: MaintenanceLeaseRow = { name: this.name, owner: this.owner, valid_until: 0 };
      await bulkInsert(queries, Table.maintenanceLeases, [row], { kind: 'keep' });
      const taken = await queries<MaintenanceLeaseRow>(Table.maintenanceLeases)
        .where('name', this.name)
        .where((free) => free.where('owner', this.owner).orWhere('valid_until', '<=', now))
        .update({ owner: this.owner, valid_until: until });
      return taken > 0;
    });
  }

  /** Gives it back. */
  async release(): Promise<void> {
    await this.database.transaction((queries) =>
      queries(Table.maintenanceLeases).where({ name: this.name, owner: this.owner }).update({ valid_until: 0 }),
    );
  }
}
