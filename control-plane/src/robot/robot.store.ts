import { type RobotRow, Table } from '../../../schema/tables';
import type { Queries } from '../db/database';

/** Reads robots; what makes and changes them comes with the token flow. */
export class RobotStore {
  /** Every robot of every organization: what a configuration snapshot needs. */
  async all(queries: Queries): Promise<readonly RobotRow[]> {
    return queries<RobotRow>(Table.robots).orderBy(['organization_uid', 'name']);
  }

  /** The robots of one organization, by name. */
  async ofOrganization(queries: Queries, organizationUid: string): Promise<readonly RobotRow[]> {
    return queries<RobotRow>(Table.robots).where('organization_uid', organizationUid).orderBy('name');
  }
}
