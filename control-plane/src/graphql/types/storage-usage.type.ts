import { ObjectType } from 'type-graphql';
import type { Quota } from '../../tenancy/organizations/quota';
import type { UsageScope } from '../../cache/usage/usage.store';

/** The GraphQL type of usage. usage.resolver.ts counts each number when it is requested. */
@ObjectType('StorageUsage', {
  description:
    'The content that an organization or a repository holds: blobs and manifests, including children of indexes. ' +
    'Each digest is counted once.',
})
export class StorageUsageType {
  /** Not a field; the organization or repository of the usage. */
  scope!: UsageScope;
  /** Not a field; the quota for usedPercent. */
  quota!: Quota | undefined;
}

/** Returns the usage of an organization or a repository. */
export function toStorageUsageType(scope: UsageScope, quota: Quota | undefined): StorageUsageType {
  return Object.assign(new StorageUsageType(), { scope, quota });
}
