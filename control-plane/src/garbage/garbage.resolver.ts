import { Field, Int, Mutation, ObjectType, Resolver } from 'type-graphql';
import { notImplemented } from '../errors/api-error';
import { ByteSizeScalar } from '../graphql/scalars/byte-size.scalar';

/** What a collection took away. */
@ObjectType('CollectionReport')
export class CollectionReportType {
  @Field(() => Int)
  blobsDeleted!: number;

  @Field(() => Int)
  manifestsDeleted!: number;

  @Field(() => ByteSizeScalar)
  bytesFreed!: bigint;
}

/** Garbage collection in GraphQL: the place for it. */
@Resolver()
export class GarbageResolver {
  @Mutation(() => CollectionReportType, { description: 'Errors: NOT_IMPLEMENTED.' })
  collectGarbage(): CollectionReportType {
    throw notImplemented('collectGarbage');
  }
}
