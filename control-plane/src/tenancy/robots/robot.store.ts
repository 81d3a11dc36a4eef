import { type RobotRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';

/** A robot with the name of its organization, which pull records use. */
export type NamedRobot = Pick<RobotRow, 'organization_uid' | 'name' | 'created_at' | 'last_used_at'> & {
  readonly organization: string;
};

/** Reads and writes robots. */
export class RobotStore {
  /** Returns all robots of all organizations, for a snapshot. */
  async all(queries: Queries): Promise<readonly RobotRow[]> {
    return queries<RobotRow>(Table.robots).orderBy(['organization_uid', 'name']);
  }

  /** Returns the robots of one organization, sorted by name. */
  async ofOrganization(queries: Queries, organizationUid: string): Promise<readonly RobotRow[]> {
    return queries<RobotRow>(Table.robots).where('organization_uid', organizationUid).orderBy('name');
  }

  /** Returns the robots of these organizations, ordered by uid and name. */
  async ofOrganizations(queries: Queries, organizationUids: readonly string[]): Promise<readonly RobotRow[]> {
    return queries<RobotRow>(Table.robots)
      .whereIn('organization_uid', organizationUids)
      .orderBy(['organization_uid', 'name']);
  }

  /** Returns the number of robots of an organization. */
  async count(queries: Queries, organizationUid: string): Promise<number> {
    const [row] = await queries(Table.robots).where('organization_uid', organizationUid).count({ n: '*' });
    return Number((row as { n: number | string } | undefined)?.n ?? 0);
  }

  /**
   * Returns the robot with this name, or undefined, and locks its row until the transaction ends.
   */
  async lock(queries: Queries, organizationUid: string, name: string): Promise<RobotRow | undefined> {
    return queries<RobotRow>(Table.robots)
      .where({ organization_uid: organizationUid, name })
      .forUpdate()
      .first<RobotRow | undefined>();
  }

  /** Inserts a robot. Throws the driver's duplicate-key error. */
  async insert(queries: Queries, robot: RobotRow): Promise<void> {
    await bulkInsert(queries, Table.robots, [robot]);
  }

  /** Replaces the hash of the secret. */
  async replaceSecret(queries: Queries, robot: RobotRow): Promise<void> {
    await queries<RobotRow>(Table.robots)
      .where({ organization_uid: robot.organization_uid, name: robot.name })
      .update({ secret_sha256: robot.secret_sha256 });
  }

  /** Deletes a robot. */
  async delete(queries: Queries, robot: RobotRow): Promise<void> {
    await queries<RobotRow>(Table.robots)
      .where({ organization_uid: robot.organization_uid, name: robot.name })
      .delete();
  }

  /**
   * Returns the robots with one of these names (without the organization) in one of these
   * organizations, sorted by key.
   */
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

  /** Sets the time of the last use, unless a later time is stored. */
  async used(queries: Queries, robot: NamedRobot, at: number): Promise<void> {
    await queries<RobotRow>(Table.robots)
      .where({ organization_uid: robot.organization_uid, name: robot.name })
      .where((stored) => stored.whereNull('last_used_at').orWhere('last_used_at', '<', at))
      .update({ last_used_at: at });
  }
}
