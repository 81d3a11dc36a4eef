import { type RobotGrantRow, type RobotRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';

/** A robot with the name of its organization, which pull records use. */
export type NamedRobot = Pick<RobotRow, 'organization_uid' | 'name' | 'created_at' | 'last_used_at'> & {
  readonly organization: string;
};

/** A further organization that a robot may pull from. */
export interface RobotGrant {
  /** The name of the robot. */
  readonly robot: string;
  readonly organization: { readonly uid: string; readonly name: string };
}

/** Reads and writes robots, and the further organizations that they may pull from (grants). */
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

  /** Replaces the hashes of the secret and of the previous secret. */
  async replaceSecrets(queries: Queries, robot: RobotRow): Promise<void> {
    const { secret_sha256, previous_secret_sha256, previous_secret_ends_at } = robot;
    await queries<RobotRow>(Table.robots)
      .where({ organization_uid: robot.organization_uid, name: robot.name })
      .update({ secret_sha256, previous_secret_sha256, previous_secret_ends_at });
  }

  /** Replaces the expiry. */
  async replaceExpiration(queries: Queries, robot: RobotRow): Promise<void> {
    await queries<RobotRow>(Table.robots)
      .where({ organization_uid: robot.organization_uid, name: robot.name })
      .update({ expires_at: robot.expires_at });
  }

  /** Deletes a robot and its grants. */
  async delete(queries: Queries, robot: RobotRow): Promise<void> {
    await this.replaceGrants(queries, robot, []);
    await queries<RobotRow>(Table.robots)
      .where({ organization_uid: robot.organization_uid, name: robot.name })
      .delete();
  }

  /** Returns the grants of all robots of all organizations, for a snapshot. */
  async allGrants(queries: Queries): Promise<readonly RobotGrantRow[]> {
    return queries<RobotGrantRow>(Table.robotGrants).orderBy(['organization_uid', 'robot_name', 'granted_uid']);
  }

  /** Returns the grants of the robots of these organizations. */
  async grantsOfOrganizations(
    queries: Queries,
    organizationUids: readonly string[],
  ): Promise<readonly RobotGrantRow[]> {
    return queries<RobotGrantRow>(Table.robotGrants)
      .whereIn('organization_uid', organizationUids)
      .orderBy(['organization_uid', 'robot_name', 'granted_uid']);
  }

  /** Returns the grants of all robots of an organization, sorted by the name of what is granted. */
  async grantsOfOrganization(queries: Queries, organizationUid: string): Promise<readonly RobotGrant[]> {
    return toGrants(await grantRows(queries).where('g.organization_uid', organizationUid));
  }

  /** Returns the grants of a robot, sorted by the name of what is granted. */
  async grantsOf(queries: Queries, robot: RobotRow): Promise<readonly RobotGrant[]> {
    const { organization_uid: uid, name } = robot;
    return toGrants(await grantRows(queries).where({ 'g.organization_uid': uid, 'g.robot_name': name }));
  }

  /** Returns the number of grants of all robots of an organization. */
  async countGrants(queries: Queries, organizationUid: string): Promise<number> {
    const [row] = await queries(Table.robotGrants).where('organization_uid', organizationUid).count({ n: '*' });
    return Number((row as { n: number | string } | undefined)?.n ?? 0);
  }

  /** Replaces the grants of a robot by these organizations. */
  async replaceGrants(queries: Queries, robot: RobotRow, grantedUids: readonly string[]): Promise<void> {
    const { organization_uid, name: robot_name } = robot;
    await queries<RobotGrantRow>(Table.robotGrants).where({ organization_uid, robot_name }).delete();
    const rows = grantedUids.map((granted_uid): RobotGrantRow => ({ organization_uid, robot_name, granted_uid }));
    await bulkInsert(queries, Table.robotGrants, rows);
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

interface NamedGrantRow {
  readonly robot: string;
  readonly uid: string;
  readonly name: string;
}

function grantRows(queries: Queries) {
  return queries(`${Table.robotGrants} as g`)
    .join(`${Table.organizations} as o`, 'o.uid', 'g.granted_uid')
    .orderBy(['g.robot_name', 'o.name'])
    .select<NamedGrantRow[]>({ robot: 'g.robot_name', uid: 'o.uid', name: 'o.name' });
}

function toGrants(rows: readonly NamedGrantRow[]): readonly RobotGrant[] {
  return rows.map(({ robot, uid, name }) => ({ robot, organization: { uid, name } }));
}
