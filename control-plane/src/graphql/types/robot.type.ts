import { Field, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import type { RobotRow } from '../../../../schema/tables';

/** The GraphQL type of a robot. */
@ObjectType('Robot', { description: 'A robot: an account that may pull from a private organization.' })
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
}

/** Returns the GraphQL object of a row. */
export function toRobotType(row: RobotRow): RobotType {
  return Object.assign(new RobotType(), {
    name: row.name,
    description: row.description,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
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
