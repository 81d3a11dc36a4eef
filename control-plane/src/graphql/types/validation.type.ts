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
registerEnumType(ValidationOutcome, {
  name: 'ValidationOutcome',
  valuesConfig: {
    OK: { description: 'A registry that answered, and took the credentials if it asked for them.' },
    BAD_CREDENTIALS: { description: 'It refused the credentials, or wants some where none were given.' },
    UNREACHABLE: { description: 'No answer, or that it cannot answer now: DNS, refused, time-out, 5xx, 429.' },
    NOT_A_REGISTRY: { description: 'Something answers, but not as a registry that Layover could pull from.' },
    ADDRESS_REFUSED: { description: 'Its address is not allowed by LAYOVER_UPSTREAM_ALLOWED_NETWORKS.' },
    TLS_ERROR: { description: 'No TLS connection that can be trusted.' },
  },
});

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
