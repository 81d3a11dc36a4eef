import type { ChangeAuthor } from '../organizations/admin-changes';
import {
  lockOrganization,
  lockRobot,
  recordChange,
  requireMayControl,
  type RobotParts,
  type RobotWithGrants,
} from './robot-parts';
import { validateExpiration } from './validate-robot';

/**
 * Sets the time from which a robot is refused (milliseconds since the epoch; null = never).
 * Repeating the call changes nothing. Throws BAD_USER_INPUT, NOT_FOUND, or FORBIDDEN if a manager
 * gives more time to a robot that may pull from further organizations (see requireMayControl).
 */
export function setRobotExpiration(
  parts: RobotParts,
  organizationName: string,
  name: string,
  expiresAt: number | null,
  author: ChangeAuthor,
): Promise<RobotWithGrants> {
  validateExpiration(expiresAt, parts.clock.now());
  return parts.database.transaction(async (queries) => {
    const organization = await lockOrganization(queries, parts, organizationName);
    const before = await lockRobot(queries, parts, organization, name);
    const granted = (await parts.robots.grantsOf(queries, before)).map((grant) => grant.organization.name);
    if (before.expires_at === expiresAt) return { robot: before, granted };
    if ((expiresAt ?? Infinity) > (before.expires_at ?? Infinity))
      requireMayControl(organization, { robot: before, granted }, author, 'expiresAt');
    const robot = { ...before, expires_at: expiresAt };
    await parts.robots.replaceExpiration(queries, robot);
    const detail = { robot: name, expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString() };
    await recordChange(queries, parts, { kind: 'ROBOT_EXPIRATION_SET', actor: author.actor, organization, detail });
    return { robot, granted };
  });
}
