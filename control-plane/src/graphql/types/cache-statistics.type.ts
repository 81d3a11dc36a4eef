import { Field, Float, Int, ObjectType } from 'type-graphql';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import type { Counters } from '../../cache/pulls/statistics.store';

/** What pulls of an organization came to, as GraphQL shows it. */
@ObjectType('CacheStatistics', { description: 'What pulls came to. Counted in steps of five minutes.' })
export class CacheStatisticsType {
  @Field(() => Int, { description: 'Manifest requests answered, refused ones included.' })
  pulls!: number;

  @Field(() => Int, { description: 'HIT and REVALIDATED.' })
  hits!: number;

  @Field(() => Int, { description: 'MISS, UPDATED and BYPASS.' })
  misses!: number;

  @Field(() => Int, { description: 'STALE.' })
  stale!: number;

  @Field(() => Int, { description: 'REFUSED and ERROR.' })
  failures!: number;

  @Field(() => ByteSizeScalar, { description: 'Bytes of manifests and blobs sent to clients.' })
  bytesServed!: bigint;

  @Field(() => ByteSizeScalar, { description: 'Bytes of manifests and blobs read from upstream.' })
  bytesFetched!: bigint;

  @Field(() => Float, {
    nullable: true,
    description:
      'Share of the served pulls that came from the cache (hits and stale), 0 to 1; null when none was served.',
  })
  hitRatio!: number | null;
}

/** Largest Int of GraphQL. */
const MAX_INT = 2_147_483_647;

/** Statistics from sums. */
export function toCacheStatisticsType(sums: Readonly<Record<keyof Counters, bigint>>): CacheStatisticsType {
  const int = (sum: bigint): number => Math.min(Number(sum), MAX_INT);
  const cached = Number(sums.hits + sums.stale);
  const served = cached + Number(sums.misses);
  return Object.assign(new CacheStatisticsType(), {
    pulls: int(sums.pulls),
    hits: int(sums.hits),
    misses: int(sums.misses),
    stale: int(sums.stale),
    failures: int(sums.failures),
    bytesServed: sums.bytes_served,
    bytesFetched: sums.bytes_fetched,
    hitRatio: served === 0 ? null : cached / served,
  });
}
