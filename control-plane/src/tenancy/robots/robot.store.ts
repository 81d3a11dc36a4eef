import { type RobotRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';

/** A robot with the name of its organization: how pull records name it. */
export type NamedRobot = Pick<RobotRow, 'organization_uid' | 'name' | 'created_at' | 'last_used_at'> & {
  readonly organization: string;
};

/** Reads and writes robots. */
export class RobotStore {
  /** Every robot of every organization: for a full read of the configuration. */
  async all(queries: Queries): Promise<readonly RobotRow[]> {
    return queries<RobotRow>(Table.robots).orderBy(['organization_uid', 'name']);
  }

  /** The robots of one organization, by name. */
  async ofOrganization(queries: Queries, organizationUid: string): Promise<readonly RobotRow[]> {
    return queries<RobotRow>(Table.robots).where('organization_uid', organizationUid).orderBy('name');
  }

  /** The robots of these organizations, by uid and name. */
  async ofOrganizations(queries: Queries, organizationUids: readonly string[]): Promise<readonly RobotRow[]> {
    return queries<RobotRow>(Table.robots)
      .whereIn('organization_uid', organizationUids)
      .orderBy(['organization_uid', 'name']);
  }

  /** How many robots an organization has. */
  async count(queries: Queries, organizationUid: string): Promise<number> {
    const [row] = await queries(Table.robots).where('organization_uid', organizationUid).count({ n: '*' });
    return Number((row as { n: number | string } | undefined)?.n ?? 0);
  }

  /** The robot of that name, or undefined; nobody else changes it before the transaction ends. */
  async lock(queries: Queries, organizationUid: string, name: string): Promise<RobotRow | undefined> {
    return queries<RobotRow>(Table.robots)
      .where({ organization_uid: organizationUid, name })
      .forUpdate()
      .first<RobotRow | undefined>();
  }

  /** Writes a new one. Throws the driver's duplicate error. */
  async insert(queries: Queries, robot: RobotRow): Promise<void> {
    await bulkInsert(queries, Table.robots, [robot]);
  }

  /** Puts the hash of another secret in place. */
  async replaceSecret(queries: Queries, robot: RobotRow): Promise<void> {
    await queries<RobotRow>(Table.robots)
      .where({ organization_uid: robot.organization_uid, name: robot.name })
      .update({ secret_sha256: robot.secret_sha256 });
  }

  /** Takes it away. */
  async delete(queries: Queries, robot: RobotRow): Promise<void> {
    await queries<RobotRow>(Table.robots)
      .where({ organization_uid: robot.organization_uid, name: robot.name })
      .delete();
  }

  /** The robots of these names (without their organization's) that belong to one of these organizations, by key. */
  async findMany(
    queries: Queries,
    organizations: readonly string[],
    names: readonly string[],
  ): Promise<readonly NamedRobot[]> {
    const found: NamedRobot[] = [];
    for (const part of chunks(names))
      found.push(
        ...((await queries(`${Table.robots} as r`)
          .join(`${Table.organizations} as o`, 'o.uid', 'r.organization_uid')
          .whereIn('o.name', organizations)
          .whereIn('r.name', part)
          .orderBy(['r.organization_uid', 'r.name'])
          .select(
            'r.organization_uid',
            'r.name',
            'r.created_at',
            'r.last_used_at',
            'o.name as organization',
          )) as NamedRobot[]),
      );
    return found;
  }

  /** Notes when it was last used; a time before the one that is stored changes nothing. */
  async used(queries: Queries, robot: NamedRobot, at: number): Promise<void> {
    await queries<RobotRow>(Table.robots)
      .where({ organization_uid: robot.organization_uid, name: robot.name })
      .where((stored) => stored.whereNull('last_used_at').orWhere('last_used_at', '<', at))
      .update({ last_used_at: at });
  }
}
