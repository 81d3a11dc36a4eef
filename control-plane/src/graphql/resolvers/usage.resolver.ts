import type { Clock } from '../../../../common/runtime/clock';
import { FieldResolver, Float, Int, Resolver, Root } from 'type-graphql';
import type { Database } from '../../db/database';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import { StorageUsageType } from '../types/storage-usage.type';
import { UsageReader } from '../../cache/usage/usage-reader';
import type { Usage, UsageStore } from '../../cache/usage/usage.store';

/**
 * Resolves the usage of an organization or repository. Only requested numbers are counted, once for
 * all fields of a usage.
 */
@Resolver(() => StorageUsageType)
export class UsageResolver {
  private readonly counts = new WeakMap<StorageUsageType, Promise<Usage>>();
  private readonly reader: UsageReader;

  constructor(database: Database, usage: UsageStore, clock: Clock) {
    this.reader = new UsageReader(database, usage, clock);
  }

  @FieldResolver(() => ByteSizeScalar, { description: 'Bytes of all content held, including the time machine.' })
  async usedBytes(@Root() root: StorageUsageType): Promise<bigint> {
    return (await this.held(root)).usedBytes;
  }

  @FieldResolver(() => ByteSizeScalar, { description: 'The part of usedBytes that only the time machine holds.' })
  async timeMachineBytes(@Root() root: StorageUsageType): Promise<bigint> {
    return this.reader.timeMachineBytes(root.scope);
  }

  @FieldResolver(() => ByteSizeScalar, {
    description:
      'Bytes reserved for blobs of admitted images that have not arrived. Used and reserved ' +
      'bytes together stay within the limit.',
  })
  async reservedBytes(@Root() root: StorageUsageType): Promise<bigint> {
    return (await this.held(root)).reservedBytes;
  }

  @FieldResolver(() => Float, {
    nullable: true,
    description: "usedBytes as a percentage of the organization's limit; null without a quota.",
  })
  async usedPercent(@Root() root: StorageUsageType): Promise<number | null> {
    if (root.quota === undefined) return null;
    // Computed in millionths first, because a bigint division returns integers.
    const { usedBytes } = await this.held(root);
    return Number((usedBytes * 100_000_000n) / root.quota.limitBytes) / 1_000_000;
  }

  @FieldResolver(() => Int)
  async repositoryCount(@Root() root: StorageUsageType): Promise<number> {
    return (await this.reader.names(root.scope)).repositories;
  }

  @FieldResolver(() => Int, { description: 'Number of active tags.' })
  async tagCount(@Root() root: StorageUsageType): Promise<number> {
    return (await this.reader.names(root.scope)).tags;
  }

  @FieldResolver(() => Int, { description: 'Number of distinct manifests.' })
  async manifestCount(@Root() root: StorageUsageType): Promise<number> {
    return (await this.held(root)).manifestCount;
  }

  @FieldResolver(() => Int, { description: 'Number of distinct blobs in the store.' })
  async blobCount(@Root() root: StorageUsageType): Promise<number> {
    return (await this.held(root)).blobCount;
  }

  private held(root: StorageUsageType): Promise<Usage> {
    let count = this.counts.get(root);
    if (count === undefined) {
      count = this.reader.held(root.scope);
      this.counts.set(root, count);
    }
    return count;
  }
}
