import { Field, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import type { GarbageCollector } from '../../cache/collection/garbage-collector';

/** The result of a collection. */
@ObjectType('CollectionReport', { description: 'The result of a collection.' })
export class CollectionReportType {
  @Field(() => Int, { description: 'Number of blobs and manifests whose bytes were deleted from the store.' })
  blobsDeleted!: number;

  @Field(() => Int, { description: 'Number of manifests that were removed from repositories.' })
  manifestsDeleted!: number;

  @Field(() => ByteSizeScalar, { description: 'Number of bytes that were deleted from the store.' })
  bytesFreed!: bigint;
}

/** Runs garbage collection. */
@Resolver()
export class GarbageResolver {
  constructor(private readonly collector: GarbageCollector) {}

  @Mutation(() => CollectionReportType, {
    description:
      'Runs garbage collection now instead of in the next round: collects expired tags, tag ' +
      'versions that were in the time machine long enough, and bytes that no organization has ' +
      'held for LAYOVER_GC_GRACE_SECONDS. Content in use is kept. Errors: UNAVAILABLE if no data ' +
      'plane answers; then everything except the deletion of bytes was done.',
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
