import { Field, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import type { GarbageCollector } from '../../cache/collection/garbage-collector';

/** What a collection took away. */
@ObjectType('CollectionReport', { description: 'What a collection took away.' })
export class CollectionReportType {
  @Field(() => Int, { description: 'Blobs and manifests whose bytes were deleted from the store.' })
  blobsDeleted!: number;

  @Field(() => Int, { description: 'Manifests that repositories no longer hold.' })
  manifestsDeleted!: number;

  @Field(() => ByteSizeScalar, { description: 'Bytes that were deleted from the store.' })
  bytesFreed!: bigint;
}

/** Garbage collection in GraphQL. */
@Resolver()
export class GarbageResolver {
  constructor(private readonly collector: GarbageCollector) {}

  @Mutation(() => CollectionReportType, {
    description:
      'Collects now what is due, instead of with the next round: what has expired, what the time machine has kept for long enough, and ' +
      'bytes that nobody has held for LAYOVER_GC_GRACE_SECONDS. What is being read or filled stays. ' +
      'Errors: UNAVAILABLE (no data plane answers; everything but the deletion of bytes was done).',
  })
  async collectGarbage(): Promise<CollectionReportType> {
    const { blobs, manifests, bytes } = await this.collector.collectNow();
    return Object.assign(new CollectionReportType(), {
      blobsDeleted: blobs,
      manifestsDeleted: manifests,
      bytesFreed: bytes,
    });
  }
}
