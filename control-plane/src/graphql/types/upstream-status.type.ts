import { Field, Int, ObjectType } from 'type-graphql';
import type { UpstreamStatusRow } from '../../../../schema/tables';
import { DateTimeScalar } from '../scalars/date-time.scalar';

/** What data planes see of an upstream, as GraphQL shows it. */
@ObjectType('UpstreamStatus', {
  description: 'What data planes last saw of an upstream. Nothing is asked for this answer.',
})
export class UpstreamStatusType {
  @Field(() => Boolean, {
    description: 'Whether upstream answered when it was last asked; false with lastCheckedAt null: it was never asked.',
  })
  reachable!: boolean;

  @Field(() => DateTimeScalar, { nullable: true, description: 'null: it was never asked.' })
  lastCheckedAt!: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why it could not be used when it was last asked; null: it could.',
  })
  lastError!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "Requests in its window, from the upstream's RateLimit headers; null where it sends none.",
  })
  rateLimit!: number | null;

  @Field(() => Int, { nullable: true, description: 'How many of them are left.' })
  rateLimitRemaining!: number | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'Upstream is not asked again before this time; null: it may be asked.',
  })
  retryAfter!: number | null;
}

/** The status in a row; of an upstream that was never asked without one. */
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
