import type { RobotRow } from '../../../../schema/tables';
import { ApiError, badInput } from '../../errors/api-error';
import type { ChangeAuthor } from '../organizations/admin-changes';
import { hashSecret, newSecret, SecretPrefix } from '../tokens/secret';
import {
  lockOrganization,
  lockRobot,
  recordChange,
  requireMayControl,
  type RobotParts,
  type RobotWithGrants,
  usernameOf,
} from './robot-parts';
import { toGrantEvents } from './set-robot-organizations';
import {
  validateExpiration,
  validateKeepPrevious,
  validateRobotDescription,
  validateRobotName,
} from './validate-robot';

/** A robot with its new secret. */
export interface RobotWithSecret extends RobotWithGrants {
  /** `<organization>+<robot>`. */
  readonly username: string;
  readonly secret: string;
}

/** The properties of a new robot. */
export interface NewRobot {
  readonly name: string;
  readonly description: string;
  /** Milliseconds since the epoch; null = never. */
  readonly expiresAt: number | null;
}

/** Maximum number of robots of one organization. Every data plane holds all robots in memory. */
export const MAX_ROBOTS = 500;

/**
 * Creates, rotates and deletes robots. Each change is one transaction with its audit event and the
 * configuration revision. Data planes accept the new secret, and refuse ended secrets and their
 * tokens, as soon as they get the new revision.
 */
export class RobotService {
  constructor(private readonly parts: RobotParts) {}

  /** Creates a robot. Throws BAD_USER_INPUT, NOT_FOUND (organization) or CONFLICT (name). */
  create(organizationName: string, wanted: NewRobot, actor: string): Promise<RobotWithSecret> {
    const { database, robots, clock } = this.parts;
    const { name, description, expiresAt } = wanted;
    validateRobotName(name);
    validateRobotDescription(description);
    validateExpiration(expiresAt, clock.now());
    return database.transaction(async (queries) => {
      // The lock serializes the creation of robots of one organization, so that the count is exact.
      const organization = await lockOrganization(queries, this.parts, organizationName);
      if ((await robots.lock(queries, organization.uid, name)) !== undefined)
        throw new ApiError(
          'CONFLICT',
          `Robot '${name}' already exists in organization '${organizationName}'. Choose another name.`,
          'name',
        );
      if ((await robots.count(queries, organization.uid)) >= MAX_ROBOTS)
        throw badInput('organization', `already has ${MAX_ROBOTS} robots, which is the maximum`);
      const secret = newSecret(SecretPrefix.robot);
      const robot: RobotRow = {
        organization_uid: organization.uid,
        name,
        description,
        secret_sha256: hashSecret(secret),
        created_at: clock.now(),
        last_used_at: null,
        expires_at: expiresAt,
        previous_secret_sha256: null,
        previous_secret_ends_at: null,
      };
      await robots.insert(queries, robot);
      const detail = { robot: name, description, ...(expiresAt === null ? {} : { expiresAt: toText(expiresAt) }) };
      await recordChange(queries, this.parts, { kind: 'ROBOT_CREATED', actor, organization, detail });
      return { robot, granted: [], username: usernameOf(organization, robot), secret };
    });
  }

  /**
   * Replaces the secret of a robot. The secret before it is accepted for another
   * `keepPreviousSeconds`, and an older one ends now, so there are never more than two. Throws
   * BAD_USER_INPUT, NOT_FOUND, or FORBIDDEN (see requireMayControl).
   */
  rotate(
    organizationName: string,
    name: string,
    keepPreviousSeconds: number,
    author: ChangeAuthor,
  ): Promise<RobotWithSecret> {
    const { database, robots, clock } = this.parts;
    validateKeepPrevious(keepPreviousSeconds);
    return database.transaction(async (queries) => {
      const organization = await lockOrganization(queries, this.parts, organizationName);
      const before = await lockRobot(queries, this.parts, organization, name);
      const granted = (await robots.grantsOf(queries, before)).map(({ organization: { name } }) => name);
      requireMayControl(organization, { robot: before, granted }, author, 'name');
      const secret = newSecret(SecretPrefix.robot);
      const endsAt = keepPreviousSeconds === 0 ? null : clock.now() + keepPreviousSeconds * 1000;
      const robot: RobotRow = {
        ...before,
        secret_sha256: hashSecret(secret),
        previous_secret_sha256: endsAt === null ? null : before.secret_sha256,
        previous_secret_ends_at: endsAt,
      };
      await robots.replaceSecrets(queries, robot);
      const detail = { robot: name, ...(endsAt === null ? {} : { previousSecretEndsAt: toText(endsAt) }) };
      await recordChange(queries, this.parts, { kind: 'ROBOT_ROTATED', actor: author.actor, organization, detail });
      return { robot, granted, username: usernameOf(organization, robot), secret };
    });
  }

  /** Deletes a robot. Returns false if the robot or the organization does not exist. */
  delete(organizationName: string, name: string, actor: string): Promise<boolean> {
    const { database, organizations, robots, audit, clock } = this.parts;
    return database.transaction(async (queries) => {
      const organization = await organizations.lockByName(queries, organizationName);
      const robot = organization && (await robots.lock(queries, organization.uid, name));
      if (organization === undefined || robot === undefined) return false;
      const ended = (await robots.grantsOf(queries, robot)).map((grant) => grant.organization);
      await robots.delete(queries, robot);
      await recordChange(queries, this.parts, { kind: 'ROBOT_DELETED', actor, organization, detail: { robot: name } });
      const username = usernameOf(organization, robot);
      await audit.append(queries, toGrantEvents({ username, actor, at: clock.now(), granted: [], ended }));
      return true;
    });
  }
}

function toText(time: number): string {
  return new Date(time).toISOString();
}
