import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';

/** What asking an upstream came to. */
export const ValidationOutcome = {
  OK: 'OK',
  BAD_CREDENTIALS: 'BAD_CREDENTIALS',
  UNREACHABLE: 'UNREACHABLE',
  NOT_A_REGISTRY: 'NOT_A_REGISTRY',
  ADDRESS_REFUSED: 'ADDRESS_REFUSED',
  TLS_ERROR: 'TLS_ERROR',
} as const;
export type ValidationOutcome = (typeof ValidationOutcome)[keyof typeof ValidationOutcome];
registerEnumType(ValidationOutcome, { name: 'ValidationOutcome' });

/** What asking an upstream came to, as GraphQL shows it. */
@ObjectType('ProxyCacheValidation')
export class ProxyCacheValidationType {
  @Field(() => ValidationOutcome)
  outcome!: ValidationOutcome;

  @Field(() => String)
  message!: string;

  @Field(() => Boolean)
  anonymous!: boolean;

  @Field(() => Int, { nullable: true })
  latencyMilliseconds!: number | null;
}
