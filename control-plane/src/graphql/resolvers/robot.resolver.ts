import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import { actorOf } from '../../tenancy/tokens/viewer';
import type { RequestContext } from '../request/context';
import { type RobotService, MAX_ROBOTS, type RobotWithSecret } from '../../tenancy/robots/robot.service';
import { RobotSecretType, toRobotType } from '../types/robot.type';
import { ROBOT_NAME_RULE } from '../../tenancy/robots/validate-robot';

/** Robots in GraphQL. */
@Resolver()
export class RobotResolver {
  constructor(private readonly robots: RobotService) {}

  @Mutation(() => RobotSecretType, {
    description: `Makes an account that may pull; its secret is shown this once. name: ${ROBOT_NAME_RULE}. description: at most 1024 characters. An organization has at most ${MAX_ROBOTS}. Errors: BAD_USER_INPUT, NOT_FOUND, CONFLICT when the name is taken.`,
  })
  async createRobot(
    @Ctx() context: RequestContext,
    @Arg('organization', () => String) organization: string,
    @Arg('name', () => String) name: string,
    @Arg('description', () => String, { nullable: true, defaultValue: '' }) description: string | null,
  ): Promise<RobotSecretType> {
    return toSecret(await this.robots.create(organization, name, description ?? '', actorOf(context.viewer)));
  }

  @Mutation(() => RobotSecretType, {
    description:
      'Makes another secret, shown this once. The one before, and tokens that it was used for, end as soon as data planes hear of it (at once, or within a second). Errors: NOT_FOUND.',
  })
  async rotateRobotSecret(
    @Ctx() context: RequestContext,
    @Arg('organization', () => String) organization: string,
    @Arg('name', () => String) name: string,
  ): Promise<RobotSecretType> {
    return toSecret(await this.robots.rotate(organization, name, actorOf(context.viewer)));
  }

  @Mutation(() => Boolean, {
    description:
      'Ends a robot and its tokens, as soon as data planes hear of it (at once, or within a second). Deleting what is not there is no error: false.',
  })
  deleteRobot(
    @Ctx() context: RequestContext,
    @Arg('organization', () => String) organization: string,
    @Arg('name', () => String) name: string,
  ): Promise<boolean> {
    return this.robots.delete(organization, name, actorOf(context.viewer));
  }
}

function toSecret({ robot, username, secret }: RobotWithSecret): RobotSecretType {
  return Object.assign(new RobotSecretType(), { robot: toRobotType(robot), username, secret });
}
