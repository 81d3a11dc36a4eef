import { ObjectType } from 'type-graphql';
import type { Quota } from '../../tenancy/organizations/quota';
import type { UsageScope } from '../../cache/usage/usage.store';

/** What is held; each number is counted by usage.resolver.ts when it is asked for. */
@ObjectType('StorageUsage', {
  description: 'What is held: distinct blobs and manifests, index children included, each counted once.',
})
export class StorageUsageType {
  /** Not a field: whose usage this is. */
  scope!: UsageScope;
  /** Not a field: what usedPercent is a share of. */
  quota!: Quota | undefined;
}

/** The usage of an organization or a repository. */
export function toStorageUsageType(scope: UsageScope, quota: Quota | undefined): StorageUsageType {
  return Object.assign(new StorageUsageType(), { scope, quota });
}
