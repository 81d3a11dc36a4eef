import { createHash } from 'node:crypto';
import type { Clock } from '../../../../common/runtime/clock';
import type { RobotRow } from '../../../../schema/tables';
import { newAuditEvent, type NewAuditEvent } from '../../audit/audit-event';
import type { AuditStore } from '../../audit/audit.store';
import type { Database, Queries } from '../../db/database';
import { ApiError } from '../../errors/api-error';
import type { ChangeAuthor } from '../organizations/admin-changes';
import type { Organization } from '../organizations/organization';
import type { OrganizationStore } from '../organizations/organization.store';
import type { ConfigurationRevision } from '../settings/configuration-revision';
import type { RobotStore } from './robot.store';

/** What changes of robots need. */
export interface RobotParts {
  readonly database: Database;
  readonly organizations: OrganizationStore;
  readonly robots: RobotStore;
  readonly audit: AuditStore;
  readonly revision: ConfigurationRevision;
  readonly clock: Clock;
}

/** A robot with the names of the further organizations that it may pull from. */
export interface RobotWithGrants {
  readonly robot: RobotRow;
  /** Sorted. */
  readonly granted: readonly string[];
}

/** Returns the user name of a robot for logins. */
export function usernameOf(organization: Organization, robot: Pick<RobotRow, 'name'>): string {
  return `${organization.name}+${robot.name}`;
}

/**
 * Returns the version of a robot: opaque text that changes with every change of its rights or its
 * secret, and if the robot is deleted and created again. It reveals nothing about the secret, which
 * is long and random.
 */
export function robotVersion({ robot, granted }: RobotWithGrants): string {
  const { organization_uid, name, created_at, secret_sha256, previous_secret_ends_at, expires_at } = robot;
  const parts = [organization_uid, name, created_at, secret_sha256, previous_secret_ends_at, expires_at, granted];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

/** Returns the organization, locked until the transaction ends. Throws NOT_FOUND. */
export async function lockOrganization(queries: Queries, parts: RobotParts, name: string): Promise<Organization> {
  const organization = await parts.organizations.lockByName(queries, name);
  if (organization === undefined)
    throw new ApiError('NOT_FOUND', `Organization '${name}' does not exist.`, 'organization');
  return organization;
}

/** Returns the robot, locked until the transaction ends. Throws NOT_FOUND. */
export async function lockRobot(
  queries: Queries,
  parts: RobotParts,
  organization: Organization,
  name: string,
): Promise<RobotRow> {
  const robot = await parts.robots.lock(queries, organization.uid, name);
  if (robot === undefined)
    throw new ApiError('NOT_FOUND', `Robot '${name}' does not exist in organization '${organization.name}'.`, 'name');
  return robot;
}

/**
 * Throws FORBIDDEN if the author is a manager and the robot may pull from further organizations.
 * Only an administrator may give such a robot a new secret or more time, because that lets somebody
 * read from organizations that are not the manager's.
 */
export function requireMayControl(
  organization: Organization,
  { robot, granted }: RobotWithGrants,
  { isAdmin }: ChangeAuthor,
  field: string,
): void {
  if (isAdmin || granted.length === 0) return;
  throw new ApiError(
    'FORBIDDEN',
    `Robot '${usernameOf(organization, robot)}' may pull from further organizations (${granted.join(', ')}), so this ` +
      'requires a token of role ADMIN. A manager can delete the robot, or let it expire earlier.',
    field,
  );
}

/** Records a change of a robot: the configuration revision and an event of its organization. */
export async function recordChange(
  queries: Queries,
  { revision, audit, clock }: RobotParts,
  event: Pick<NewAuditEvent, 'kind' | 'actor' | 'detail'> & { readonly organization: Organization },
): Promise<void> {
  await revision.bump(queries, event.organization);
  await audit.append(queries, [newAuditEvent({ ...event, at: clock.now() })]);
}
