import type { AuditEventRow } from '../../../../schema/tables';
import { newAuditEvent } from '../../audit/audit-event';
import type { Queries } from '../../db/database';
import { ApiError, badInput } from '../../errors/api-error';
import type { Organization } from '../organizations/organization';
import {
  lockRobot,
  recordChange,
  type RobotParts,
  robotVersion,
  type RobotWithGrants,
  usernameOf,
} from './robot-parts';

/** The further organizations that a robot should have. */
export interface WantedGrants {
  /** The organization of the robot. */
  readonly organization: string;
  /** The name of the robot. */
  readonly name: string;
  readonly organizations: readonly string[];
  /** See robotVersion; undefined = any. */
  readonly expectedVersion: string | undefined;
}

/** Maximum number of further organizations of a robot. Every data plane holds them in memory. */
export const MAX_GRANTS = 50;
/** Maximum number of further organizations of all robots of one organization together. */
export const MAX_GRANTS_OF_ORGANIZATION = 1_000;

/**
 * Sets the further organizations that a robot may pull from, besides its own. Repeating the call
 * changes nothing. The caller has checked that the author is an administrator, because the change
 * concerns several organizations. Each organization that the robot may pull from, or may not any
 * more, has an audit event of its own. Throws BAD_USER_INPUT, NOT_FOUND for the robot or an
 * organization, or VERSION_CONFLICT if the robot is not the one with `expectedVersion`: its manager
 * may have replaced it since the administrator looked at it.
 */
export async function setRobotOrganizations(
  parts: RobotParts,
  { organization: organizationName, name, organizations: wanted, expectedVersion }: WantedGrants,
  actor: string,
): Promise<RobotWithGrants> {
  const names = new Set(wanted);
  if (names.size !== wanted.length) throw badInput('organizations', 'must not contain an organization twice');
  if (names.has(organizationName))
    throw badInput(
      'organizations',
      `must not contain '${organizationName}': the robot may always pull from its own organization`,
    );
  if (names.size > MAX_GRANTS) throw badInput('organizations', `must contain at most ${MAX_GRANTS} organizations`);
  return parts.database.transaction(async (queries) => {
    const { home, further } = await lockAll(queries, parts, organizationName, names);
    const robot = await lockRobot(queries, parts, home, name);
    const before = (await parts.robots.grantsOf(queries, robot)).map((grant) => grant.organization);
    requireVersion({ robot, granted: before.map((one) => one.name) }, usernameOf(home, robot), expectedVersion);
    const granted = further.filter(({ uid }) => !before.some((one) => one.uid === uid));
    const ended = before.filter(({ uid }) => !further.some((one) => one.uid === uid));
    const after = further.map((one) => one.name);
    if (granted.length + ended.length === 0) return { robot, granted: after };
    const others = (await parts.robots.countGrants(queries, home.uid)) - before.length;
    if (granted.length > 0 && others + further.length > MAX_GRANTS_OF_ORGANIZATION)
      throw badInput(
        'organizations',
        `would give the robots of '${home.name}' more than ${MAX_GRANTS_OF_ORGANIZATION} further organizations together`,
      );
    await parts.robots.replaceGrants(
      queries,
      robot,
      further.map(({ uid }) => uid),
    );
    const detail = { robot: name, organizations: after };
    await recordChange(queries, parts, { kind: 'ROBOT_ORGANIZATIONS_SET', actor, organization: home, detail });
    const username = usernameOf(home, robot);
    await parts.audit.append(queries, toGrantEvents({ username, actor, at: parts.clock.now(), granted, ended }));
    return { robot, granted: after };
  });
}

function requireVersion(current: RobotWithGrants, username: string, expected: string | undefined): void {
  if (expected === undefined || expected === robotVersion(current)) return;
  throw new ApiError(
    'VERSION_CONFLICT',
    `Robot '${username}' was changed, or deleted and created again. Read it again and repeat the change.`,
    'expectedVersion',
  );
}

/**
 * Locks the organizations in the order of their names, so that two changes cannot block each other.
 */
async function lockAll(
  queries: Queries,
  parts: RobotParts,
  organizationName: string,
  names: ReadonlySet<string>,
): Promise<{ readonly home: Organization; readonly further: readonly Organization[] }> {
  const found = await parts.organizations.lockByNames(queries, [organizationName, ...names]);
  const home = found.find((one) => one.name === organizationName);
  if (home === undefined)
    throw new ApiError('NOT_FOUND', `Organization '${organizationName}' does not exist.`, 'organization');
  for (const name of names)
    if (!found.some((one) => one.name === name))
      throw new ApiError('NOT_FOUND', `Organization '${name}' does not exist.`, 'organizations');
  return { home, further: found.filter((one) => one !== home) };
}

/** An organization, as audit events name it. */
type Named = Pick<Organization, 'uid' | 'name'>;

/**
 * Returns the audit events of the organizations that a robot of another organization may pull from,
 * or may not any more.
 */
export function toGrantEvents(change: {
  /** `<organization>+<robot>`. */
  readonly username: string;
  readonly actor: string;
  readonly at: number;
  readonly granted: readonly Named[];
  readonly ended: readonly Named[];
}): AuditEventRow[] {
  const { username, actor, at, granted, ended } = change;
  const toEvent = (organization: Named, mayPull: boolean): AuditEventRow =>
    newAuditEvent({
      kind: 'ROBOT_ORGANIZATIONS_SET',
      at,
      actor,
      organization,
      detail: { robot: username, mayPull },
    });
  return [...granted.map((one) => toEvent(one, true)), ...ended.map((one) => toEvent(one, false))];
}
