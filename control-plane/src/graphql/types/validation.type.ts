import { Field, Int, ObjectType } from 'type-graphql';
import { ValidationOutcome } from './enums';

/** What asking an upstream came to, as GraphQL shows it. */
@ObjectType('ProxyCacheValidation', {
  description: 'What was seen when the upstream was asked at /v2/, for the whole registry. Nothing of it is kept.',
})
export class ProxyCacheValidationType {
  @Field(() => ValidationOutcome)
  outcome!: ValidationOutcome;

  @Field(() => String, { description: 'What happened, and what to do about it.' })
  message!: string;

  @Field(() => Boolean, {
    description: 'Whether it was asked without credentials: none were given, or it did not ask for them.',
  })
  anonymous!: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'To the first answer, with name, TCP and TLS; null where there was none.',
  })
  latencyMilliseconds!: number | null;
}
