import { Arg, Ctx, Int, Mutation, Resolver } from 'type-graphql';
import { badInput } from '../../errors/api-error';
import { MAX_ROBOTS, type RobotService, type RobotWithSecret } from '../../tenancy/robots/robot.service';
import type { RobotParts } from '../../tenancy/robots/robot-parts';
import { setRobotExpiration } from '../../tenancy/robots/set-robot-expiration';
import {
  MAX_GRANTS,
  MAX_GRANTS_OF_ORGANIZATION,
  setRobotOrganizations,
} from '../../tenancy/robots/set-robot-organizations';
import { MAX_KEEP_PREVIOUS_SECONDS, ROBOT_NAME_RULE } from '../../tenancy/robots/validate-robot';
import { actorOf, authorOf } from '../../tenancy/tokens/viewer';
import type { GraphqlContext } from '../request/context';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { RobotSecretType, RobotType, toRobotType } from '../types/robot.type';

/** Creates, changes and deletes robots. */
@Resolver()
export class RobotResolver {
  constructor(
    private readonly robots: RobotService,
    private readonly parts: RobotParts,
  ) {}

  @Mutation(() => RobotSecretType, {
    description:
      'Creates a robot, which may pull from the organization. Its secret is shown only once. name: ' +
      `${ROBOT_NAME_RULE}. description: at most 1024 characters. expiresAt: null means never. An organization ` +
      `has at most ${MAX_ROBOTS} robots. Errors: BAD_USER_INPUT, NOT_FOUND; CONFLICT if the name is in use.`,
  })
  async createRobot(
    @Ctx() context: GraphqlContext,
    @Arg('organization', () => String) organization: string,
    @Arg('name', () => String) name: string,
    @Arg('description', () => String, { nullable: true, defaultValue: '' }) description: string | null,
    @Arg('expiresAt', () => DateTimeScalar, { nullable: true }) expiresAt: number | null | undefined,
  ): Promise<RobotSecretType> {
    const wanted = { name, description: description ?? '', expiresAt: expiresAt ?? null };
    return this.toSecret(await this.robots.create(organization, wanted, actorOf(context.viewer)));
  }

  @Mutation(() => RobotSecretType, {
    description:
      'Replaces the secret of a robot. The new secret is shown only once. The secret before it, and tokens ' +
      `issued for it, are accepted for another keepPreviousSeconds (0 to ${MAX_KEEP_PREVIOUS_SECONDS}); with 0, ` +
      'the default, they become invalid as soon as data planes receive the change (immediately, or within a ' +
      'second). An older secret always ends then, so at most two are accepted. If the robot may pull from ' +
      'further organizations, this requires role ADMIN. Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN.',
  })
  async rotateRobotSecret(
    @Ctx() context: GraphqlContext,
    @Arg('organization', () => String) organization: string,
    @Arg('name', () => String) name: string,
    @Arg('keepPreviousSeconds', () => Int, { nullable: true, defaultValue: 0 }) keepPreviousSeconds: number | null,
  ): Promise<RobotSecretType> {
    const author = authorOf(context.viewer);
    return this.toSecret(await this.robots.rotate(organization, name, keepPreviousSeconds ?? 0, author));
  }

  @Mutation(() => RobotType, {
    description:
      'Sets the time from which a robot and its tokens are refused; null means never, and must be given. ' +
      'If the robot may pull from further organizations, a later time requires role ADMIN. Errors: BAD_USER_INPUT, NOT_FOUND, FORBIDDEN.',
  })
  async setRobotExpiration(
    @Ctx() context: GraphqlContext,
    @Arg('organization', () => String) organization: string,
    @Arg('name', () => String) name: string,
    @Arg('expiresAt', () => DateTimeScalar, { nullable: true }) expiresAt: number | null | undefined,
  ): Promise<RobotType> {
    // A time that was left out by mistake must not make the robot last for ever.
    if (expiresAt === undefined) throw badInput('expiresAt', 'is required; null means never');
    const author = authorOf(context.viewer);
    const changed = await setRobotExpiration(this.parts, organization, name, expiresAt, author);
    return toRobotType(changed, this.parts.clock.now());
  }

  @Mutation(() => RobotType, {
    description:
      'Sets the further organizations that a robot may pull from, besides its own. They replace the earlier ones; ' +
      `at most ${MAX_GRANTS}, and ${MAX_GRANTS_OF_ORGANIZATION} for all robots of its organization. A deleted ` +
      'organization is removed from the list, and one that is created again with its name is not on it. With ' +
      'expectedVersion, a robot that was changed or replaced meanwhile is refused. ' +
      'Errors: BAD_USER_INPUT, VERSION_CONFLICT; NOT_FOUND for the robot or an organization.',
  })
  async setRobotOrganizations(
    @Ctx() context: GraphqlContext,
    @Arg('organization', () => String) organization: string,
    @Arg('name', () => String) name: string,
    @Arg('organizations', () => [String]) organizations: string[],
    @Arg('expectedVersion', () => String, { nullable: true }) expectedVersion: string | null | undefined,
  ): Promise<RobotType> {
    const actor = actorOf(context.viewer);
    const wanted = { organization, name, organizations, expectedVersion: expectedVersion ?? undefined };
    const changed = await setRobotOrganizations(this.parts, wanted, actor);
    return toRobotType(changed, this.parts.clock.now());
  }

  @Mutation(() => Boolean, {
    description:
      'Deletes a robot. Its secrets and its tokens become invalid as soon as data planes receive ' +
      'the change (immediately, or within a second). Returns false if the robot does not exist; ' +
      'this is not an error.',
  })
  deleteRobot(
    @Ctx() context: GraphqlContext,
    @Arg('organization', () => String) organization: string,
    @Arg('name', () => String) name: string,
  ): Promise<boolean> {
    return this.robots.delete(organization, name, actorOf(context.viewer));
  }

  private toSecret(made: RobotWithSecret): RobotSecretType {
    const { username, secret } = made;
    const robot = toRobotType(made, this.parts.clock.now());
    return Object.assign(new RobotSecretType(), { robot, username, secret });
  }
}
