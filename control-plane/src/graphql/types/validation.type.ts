import { Field, Int, ObjectType } from 'type-graphql';
import { ValidationOutcome } from './enums';

/** The GraphQL type of the result of a probe. */
@ObjectType('ProxyCacheValidation', {
  description: 'The result of a request to /v2/ of the upstream, which covers the whole registry. It is not stored.',
})
export class ProxyCacheValidationType {
  @Field(() => ValidationOutcome)
  outcome!: ValidationOutcome;

  @Field(() => String, { description: 'What happened, and what to do about it.' })
  message!: string;

  @Field(() => Boolean, {
    description:
      'Whether the request had no credentials, because none were given or the upstream did not require them.',
  })
  anonymous!: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'The time to the first answer, including DNS, TCP and TLS; null if there was no answer.',
  })
  latencyMilliseconds!: number | null;
}
