import type { Clock } from '../../../../common/runtime/clock';
import type { RobotRow } from '../../../../schema/tables';
import { hashSecret, newSecret, SecretPrefix } from '../tokens/secret';
import { newAuditEvent } from '../../audit/audit-event';
import type { AuditStore } from '../../audit/audit.store';
import type { ConfigurationRevision } from '../settings/configuration-revision';
import type { Database, Queries } from '../../db/database';
import { ApiError, badInput } from '../../errors/api-error';
import type { Organization } from '../organizations/organization';
import type { OrganizationStore } from '../organizations/organization.store';
import type { RobotStore } from './robot.store';
import { validateRobotDescription, validateRobotName } from './validate-robot';

/** Dependencies of {@link RobotService}. */
export interface RobotServiceParts {
  readonly database: Database;
  readonly organizations: OrganizationStore;
  readonly robots: RobotStore;
  readonly audit: AuditStore;
  readonly revision: ConfigurationRevision;
  readonly clock: Clock;
}

/** A robot with its new secret. */
export interface RobotWithSecret {
  readonly robot: RobotRow;
  /** `<organization>+<robot>`. */
  readonly username: string;
  readonly secret: string;
}

/** Maximum number of robots of one organization. Every data plane holds all robots in memory. */
export const MAX_ROBOTS = 500;

/**
 * Creates, rotates and deletes robots. Each change is one transaction with its audit event and the
 * configuration revision. Data planes accept the new secret, and refuse the old secret and its
 * tokens, as soon as they get the new revision.
 */
export class RobotService {
  constructor(private readonly parts: RobotServiceParts) {}

  /** Creates a robot. Throws BAD_USER_INPUT, NOT_FOUND (organization) or CONFLICT (name). */
  create(organizationName: string, name: string, description: string, actor: string): Promise<RobotWithSecret> {
    validateRobotName(name);
    validateRobotDescription(description);
    return this.parts.database.transaction(async (queries) => {
      // The lock serializes the creation of robots of one organization, so that the count is exact.
      const organization = await this.organization(queries, organizationName);
      if ((await this.parts.robots.lock(queries, organization.uid, name)) !== undefined)
        throw new ApiError(
          'CONFLICT',
          `Robot '${name}' already exists in organization '${organizationName}'. Choose another name.`,
          'name',
        );
      if ((await this.parts.robots.count(queries, organization.uid)) >= MAX_ROBOTS)
        throw badInput('organization', `already has ${MAX_ROBOTS} robots, which is the maximum`);
      const secret = newSecret(SecretPrefix.robot);
      const robot: RobotRow = {
        organization_uid: organization.uid,
        name,
        description,
        secret_sha256: hashSecret(secret),
        created_at: this.parts.clock.now(),
        last_used_at: null,
      };
      await this.parts.robots.insert(queries, robot);
      await this.record(queries, 'ROBOT_CREATED', organization, actor, { robot: name, description });
      return { robot, username: `${organization.name}+${name}`, secret };
    });
  }

  /** Replaces the secret of a robot. The old secret is invalid from then on. Throws NOT_FOUND. */
  rotate(organizationName: string, name: string, actor: string): Promise<RobotWithSecret> {
    return this.parts.database.transaction(async (queries) => {
      const organization = await this.organization(queries, organizationName);
      const robot = await this.parts.robots.lock(queries, organization.uid, name);
      if (robot === undefined)
        throw new ApiError(
          'NOT_FOUND',
          `Robot '${name}' does not exist in organization '${organizationName}'.`,
          'name',
        );
      const secret = newSecret(SecretPrefix.robot);
      await this.parts.robots.replaceSecret(queries, { ...robot, secret_sha256: hashSecret(secret) });
      await this.record(queries, 'ROBOT_ROTATED', organization, actor, { robot: name });
      return { robot, username: `${organization.name}+${name}`, secret };
    });
  }

  /** Deletes a robot. Returns false if the robot or the organization does not exist. */
  delete(organizationName: string, name: string, actor: string): Promise<boolean> {
    return this.parts.database.transaction(async (queries) => {
      const organization = await this.parts.organizations.lockByName(queries, organizationName);
      const robot = organization && (await this.parts.robots.lock(queries, organization.uid, name));
      if (organization === undefined || robot === undefined) return false;
      await this.parts.robots.delete(queries, robot);
      await this.record(queries, 'ROBOT_DELETED', organization, actor, { robot: name });
      return true;
    });
  }

  private async organization(queries: Queries, name: string): Promise<Organization> {
    const organization = await this.parts.organizations.lockByName(queries, name);
    if (organization === undefined)
      throw new ApiError('NOT_FOUND', `Organization '${name}' does not exist.`, 'organization');
    return organization;
  }

  private async record(
    queries: Queries,
    kind: 'ROBOT_CREATED' | 'ROBOT_ROTATED' | 'ROBOT_DELETED',
    organization: Organization,
    actor: string,
    detail: object,
  ): Promise<void> {
    await this.parts.revision.bump(queries, organization);
    const at = this.parts.clock.now();
    await this.parts.audit.append(queries, [newAuditEvent({ kind, at, actor, organization, detail })]);
  }
}
