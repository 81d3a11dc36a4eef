import { Arg, Field, Mutation, ObjectType, Resolver } from 'type-graphql';
import { notImplemented } from '../errors/api-error';
import { DateTimeScalar } from '../graphql/scalars/date-time.scalar';
import type { RobotRow } from '../../../schema/tables';

/** An account that may pull, as GraphQL shows it. */
@ObjectType('Robot', { description: 'An account that may pull from a private organization.' })
export class RobotType {
  @Field(() => String, { description: "Without the organization's name." })
  name!: string;

  @Field(() => String)
  description!: string;

  @Field(() => DateTimeScalar)
  createdAt!: number;

  @Field(() => DateTimeScalar, { nullable: true })
  lastUsedAt!: number | null;
}

/** The robot of a row. */
export function toRobotType(row: RobotRow): RobotType {
  return Object.assign(new RobotType(), {
    name: row.name,
    description: row.description,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  });
}

/** A robot with its secret, right after it was made. */
@ObjectType('RobotSecret')
export class RobotSecretType {
  @Field(() => RobotType)
  robot!: RobotType;

  @Field(() => String, { description: '<organization>+<robot>, as clients log in.' })
  username!: string;

  @Field(() => String, { description: 'Shown once, stored as a hash.' })
  secret!: string;
}

/** Robots in GraphQL. They come with the token flow: until then every mutation says so. */
@Resolver()
export class RobotResolver {
  @Mutation(() => RobotSecretType, { description: 'Errors: NOT_IMPLEMENTED.' })
  createRobot(
    @Arg('organization', () => String) _organization: string,
    @Arg('name', () => String) _name: string,
    @Arg('description', () => String, { nullable: true, defaultValue: '' }) _description: string | null,
  ): RobotSecretType {
    throw notImplemented('createRobot');
  }

  @Mutation(() => RobotSecretType, { description: 'Errors: NOT_IMPLEMENTED.' })
  rotateRobotSecret(
    @Arg('organization', () => String) _organization: string,
    @Arg('name', () => String) _name: string,
  ): RobotSecretType {
    throw notImplemented('rotateRobotSecret');
  }

  @Mutation(() => Boolean, { description: 'Errors: NOT_IMPLEMENTED.' })
  deleteRobot(
    @Arg('organization', () => String) _organization: string,
    @Arg('name', () => String) _name: string,
  ): boolean {
    throw notImplemented('deleteRobot');
  }
}
