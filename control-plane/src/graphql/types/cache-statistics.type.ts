import { Field, Float, Int, ObjectType } from 'type-graphql';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import type { Counters } from '../../cache/pulls/statistics.store';

/** The GraphQL type of the statistics of an organization. */
@ObjectType('CacheStatistics', { description: 'Statistics of pulls, counted in intervals of five minutes.' })
export class CacheStatisticsType {
  @Field(() => Int, { description: 'Manifest requests that were answered, including refused ones.' })
  pulls!: number;

  @Field(() => Int, { description: 'Pulls with status HIT or REVALIDATED.' })
  hits!: number;

  @Field(() => Int, { description: 'Pulls with status MISS, UPDATED or BYPASS.' })
  misses!: number;

  @Field(() => Int, { description: 'Pulls with status STALE.' })
  stale!: number;

  @Field(() => Int, { description: 'Pulls with status REFUSED or ERROR.' })
  failures!: number;

  @Field(() => ByteSizeScalar, { description: 'Bytes of manifests and blobs sent to clients.' })
  bytesServed!: bigint;

  @Field(() => ByteSizeScalar, { description: 'Bytes of manifests and blobs read from the upstream.' })
  bytesFetched!: bigint;

  @Field(() => Float, {
    nullable: true,
    description:
      'The share of served pulls that came from the cache (hits and stale), from 0 to 1; null if ' +
      'no pull was served.',
  })
  hitRatio!: number | null;
}

/** The largest Int of GraphQL. */
const MAX_INT = 2_147_483_647;

/** Returns the GraphQL object for sums of counters. */
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
