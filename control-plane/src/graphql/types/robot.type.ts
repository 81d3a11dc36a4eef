import { Field, ObjectType } from 'type-graphql';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import type { RobotRow } from '../../../../schema/tables';

/** An account that may pull, as GraphQL shows it. */
@ObjectType('Robot', { description: 'An account that may pull from a private organization.' })
export class RobotType {
  @Field(() => String, { description: "Without the organization's name." })
  name!: string;

  @Field(() => String)
  description!: string;

  @Field(() => DateTimeScalar)
  createdAt!: number;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Its last pull, served or refused, to the minute and as far as records have arrived; null: none yet.',
  })
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

/** A robot with its secret, right after the secret was made. */
@ObjectType('RobotSecret')
export class RobotSecretType {
  @Field(() => RobotType)
  robot!: RobotType;

  @Field(() => String, { description: '<organization>+<robot>, as clients log in.' })
  username!: string;

  @Field(() => String, { description: 'Shown once, stored as a hash.' })
  secret!: string;
}
