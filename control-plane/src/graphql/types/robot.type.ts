import { Field, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { robotVersion, type RobotWithGrants } from '../../tenancy/robots/robot-parts';

/** The GraphQL type of a robot. */
@ObjectType('Robot', {
  description: 'A robot: an account that may pull from its organization, and from others that it was given.',
})
export class RobotType {
  @Field(() => String, { description: 'The name without the organization.' })
  name!: string;

  @Field(() => String)
  description!: string;

  @Field(() => DateTimeScalar)
  createdAt!: number;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'The time of the last pull, served or refused, with a precision of one minute. Pull records that have not ' +
      'arrived yet are not considered. Null if there was no pull.',
  })
  lastUsedAt!: number | null;

  @Field(() => [String], {
    description: 'Further organizations that the robot may pull from, besides its own, sorted by name.',
  })
  organizations!: readonly string[];

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'The robot and its tokens are refused from this time on, by the clock of each data plane. Null means never.',
  })
  expiresAt!: number | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Until when the secret before the last rotation is accepted. Null if only one secret is accepted.',
  })
  previousSecretEndsAt!: number | null;

  @Field(() => String, {
    description:
      'Changes with every change of the rights or the secret, and if the robot is deleted and created again. ' +
      'For expectedVersion of setRobotOrganizations.',
  })
  version!: string;
}

/** Returns the GraphQL object of a robot at the time `now`, in milliseconds since the epoch. */
export function toRobotType(found: RobotWithGrants, now: number): RobotType {
  const { robot, granted } = found;
  const endsAt = robot.previous_secret_ends_at;
  return Object.assign(new RobotType(), {
    name: robot.name,
    description: robot.description,
    createdAt: robot.created_at,
    lastUsedAt: robot.last_used_at,
    organizations: granted,
    expiresAt: robot.expires_at,
    previousSecretEndsAt: endsAt !== null && endsAt > now ? endsAt : null,
    version: robotVersion(found),
  });
}

/** A robot with its new secret. */
@ObjectType('RobotSecret')
export class RobotSecretType {
  @Field(() => RobotType)
  robot!: RobotType;

  @Field(() => String, { description: 'The user name for logins: <organization>+<robot>.' })
  username!: string;

  @Field(() => String, { description: 'The secret. It is shown only once and stored as a hash.' })
  secret!: string;
}
