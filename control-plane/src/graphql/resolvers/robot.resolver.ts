import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { actorOf } from '../../tenancy/tokens/viewer';
import type { GraphqlContext } from '../request/context';
import { type RobotService, MAX_ROBOTS, type RobotWithSecret } from '../../tenancy/robots/robot.service';
import { RobotSecretType, toRobotType } from '../types/robot.type';
import { ROBOT_NAME_RULE } from '../../tenancy/robots/validate-robot';

/** Creates, rotates and deletes robots. */
@Resolver()
export class RobotResolver {
  constructor(private readonly robots: RobotService) {}

  @Mutation(() => RobotSecretType, {
    description:
      'Creates a robot, which may pull from the organization. Its secret is shown only once. name: ' +
      `${ROBOT_NAME_RULE}. description: at most 1024 characters. An organization has at most ` +
      `${MAX_ROBOTS} robots. Errors: BAD_USER_INPUT, NOT_FOUND; CONFLICT if the name is in use.`,
  })
  async createRobot(
    @Ctx() context: GraphqlContext,
    @Arg('organization', () => String) organization: string,
    @Arg('name', () => String) name: string,
    @Arg('description', () => String, { nullable: true, defaultValue: '' }) description: string | null,
  ): Promise<RobotSecretType> {
    return toSecret(await this.robots.create(organization, name, description ?? '', actorOf(context.viewer)));
  }

  @Mutation(() => RobotSecretType, {
    description:
      'Replaces the secret of a robot. The new secret is shown only once. The old secret, and ' +
      'tokens issued for it, become invalid as soon as data planes receive the change ' +
      '(immediately, or within a second). Errors: NOT_FOUND.',
  })
  async rotateRobotSecret(
    @Ctx() context: GraphqlContext,
    @Arg('organization', () => String) organization: string,
    @Arg('name', () => String) name: string,
  ): Promise<RobotSecretType> {
    return toSecret(await this.robots.rotate(organization, name, actorOf(context.viewer)));
  }

  @Mutation(() => Boolean, {
    description:
      'Deletes a robot. Its secret and its tokens become invalid as soon as data planes receive ' +
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
}

function toSecret({ robot, username, secret }: RobotWithSecret): RobotSecretType {
  return Object.assign(new RobotSecretType(), { robot: toRobotType(robot), username, secret });
}
