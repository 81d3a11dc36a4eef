import { Field, Int, ObjectType } from 'type-graphql';
import type { UpstreamStatusRow } from '../../../../schema/tables';
import { DateTimeScalar } from '../scalars/date-time.scalar';

/** The GraphQL type of the status of an upstream. */
@ObjectType('UpstreamStatus', {
  description: 'The status of an upstream as data planes last saw it. Reading it sends no request to the upstream.',
})
export class UpstreamStatusType {
  @Field(() => Boolean, {
    description:
      'Whether the upstream answered the last request. False with lastCheckedAt null means that ' +
      'there was no request yet.',
  })
  reachable!: boolean;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Null if there was no request yet.' })
  lastCheckedAt!: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why the last request failed; null if it succeeded.',
  })
  lastError!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "The number of requests per window, from the upstream's RateLimit headers; null if it sends none.",
  })
  rateLimit!: number | null;

  @Field(() => Int, { nullable: true, description: 'The remaining requests in the window.' })
  rateLimitRemaining!: number | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description:
      'The upstream limited some requests, and gets none of their kind before this time; null if it may get all requests.',
  })
  retryAfter!: number | null;
}

/** Returns the GraphQL object of a row. Without a row, the upstream had no request yet. */
export function toUpstreamStatusType(row: UpstreamStatusRow | undefined): UpstreamStatusType {
  return Object.assign(new UpstreamStatusType(), {
    reachable: row?.reachable === 1,
    lastCheckedAt: row?.last_checked_at ?? null,
    lastError: row?.last_error ?? null,
    rateLimit: row?.rate_limit ?? null,
    rateLimitRemaining: row?.rate_limit_remaining ?? null,
    retryAfter: row?.retry_after ?? null,
  });
}
