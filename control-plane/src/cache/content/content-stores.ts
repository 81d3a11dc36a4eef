import type { AuditStore } from '../../audit/audit.store';
import type { BlobRowStore } from '../holdings/blob.store';
import type { HoldingsStore } from '../holdings/holdings.store';
import type { Ledger } from '../holdings/ledger';
import type { OriginUsageStore } from '../holdings/origin-usage.store';
import type { ProofStore } from '../proofs/proof.store';
import type { ManifestStore } from './manifest.store';
import type { ContentUsesStore } from '../in-use/content-uses.store';
import type { QuotaSwitch } from '../../tenancy/settings/quota-switch';
import type { RepositoryStore } from './repository.store';
import type { ScanNotices } from './scan-notices';
import type { TagStore } from './tag.store';
import type { InvalidationStore } from './invalidation.store';
import type { OriginStore } from './origin.store';

/**
 * All stores of cached content. Writers lock in this order to avoid deadlocks: the organization
 * (shared), the usage row of its origin, then tags and manifests by id, then blobs by digest, then
 * proofs.
 */
export interface ContentStores {
  readonly origins: OriginStore;
  readonly repositories: RepositoryStore;
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly blobs: BlobRowStore;
  readonly holdings: HoldingsStore;
  readonly originUsage: OriginUsageStore;
  readonly proofs: ProofStore;
  readonly ledger: Ledger;
  readonly contentUses: ContentUsesStore;
  readonly invalidations: InvalidationStore;
  readonly quotaSwitch: QuotaSwitch;
  readonly audit: AuditStore;
  readonly scans: ScanNotices;
}
