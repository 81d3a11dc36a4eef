import type { SealedBox } from '../../common/security/sealed-box';
import { AuditStore } from './audit/audit.store';
import { BlobRowStore } from './cache/holdings/blob.store';
import type { ForcedSwitches } from './tenancy/settings/system-settings';
import { ConfigurationRevision } from './tenancy/settings/configuration-revision';

import { InvalidationStore } from './cache/content/invalidation.store';
import { OriginStore } from './cache/content/origin.store';
import { HoldingsStore } from './cache/holdings/holdings.store';
import { Ledger } from './cache/holdings/ledger';
import { ProofStore } from './cache/proofs/proof.store';
import { OriginUsageStore } from './cache/holdings/origin-usage.store';
import { ManifestStore } from './cache/content/manifest.store';
import { OrganizationStore } from './tenancy/organizations/organization.store';
import { ContentUsesStore } from './cache/in-use/content-uses.store';
import { QuotaSwitch } from './tenancy/settings/quota-switch';
import { RecordedEventsStore } from './cache/pulls/recorded-events.store';
import { RepositoryStore } from './cache/content/repository.store';
import { RobotStore } from './tenancy/robots/robot.store';
import { ScanStore } from './scan/findings/scan.store';
import { type ScannedStores, ScanQueue } from './scan/queue/scan-queue';
import { ScanSwitch } from './scan/queue/scan-switch';
import { SystemSettingsStore } from './tenancy/settings/system-settings.store';
import { StatisticsStore } from './cache/pulls/statistics.store';
import { TagStore } from './cache/content/tag.store';
import { ApiTokenStore } from './tenancy/tokens/api-token.store';
import { TokenKeyStore } from './tenancy/tokens/token-key.store';
import { UpstreamStatusStore } from './cache/pulls/upstream-status.store';
import { settleMissed } from './cache/arrivals/settle-missed';
import { UsageStore } from './cache/usage/usage.store';

/** All stores of the control plane. */
export type Stores = ReturnType<typeof createStores>;

/** Options of the stores. */
export interface StoreOptions {
  /** Whether LAYOVER_CLAIR_URL is set. The default is false. */
  readonly hasClair?: boolean;
  /** The callback of {@link AuditStore}. */
  readonly onAudited?: (kinds: readonly string[]) => void;
}

/**
 * Creates all stores. `tokenKeyBox` seals the keys of pull tokens; `forced` are the switches that
 * the environment forces.
 */
export function createStores(tokenKeyBox: SealedBox, forced: ForcedSwitches, options: StoreOptions = {}) {
  const settings = new SystemSettingsStore();
  const content = createContentStores(settings, forced, options);
  return {
    ...content,
    organizations: new OrganizationStore(),
    recorded: new RecordedEventsStore(),
    revision: new ConfigurationRevision(),
    robots: new RobotStore(),
    scanResults: new ScanStore(),
    settings,
    statistics: new StatisticsStore(),
    tokenKeys: new TokenKeyStore(tokenKeyBox),
    tokens: new ApiTokenStore(),
    upstreamStatus: new UpstreamStatusStore(),
    usage: new UsageStore(content.originUsage),
  } as const;
}

/** Creates the stores of cached content. None of them needs a key. */
export function createContentStores(
  settings: SystemSettingsStore,
  forced: ForcedSwitches,
  { hasClair = false, onAudited }: StoreOptions = {},
): ScannedStores {
  const proofs = new ProofStore();
  const blobs = new BlobRowStore(proofs);
  const holdings = new HoldingsStore();
  const originUsage = new OriginUsageStore();
  const manifests = new ManifestStore();
  const stores: ScannedStores = {
    audit: new AuditStore(onAudited),
    blobs,
    contentUses: new ContentUsesStore(),
    holdings,
    invalidations: new InvalidationStore(),
    ledger: new Ledger(
      holdings,
      originUsage,
      blobs,
      proofs,
      settleMissed(() => stores),
    ),
    manifests,
    originUsage,
    proofs,
    origins: new OriginStore(originUsage),
    quotaSwitch: new QuotaSwitch(settings, forced),
    repositories: new RepositoryStore(),
    scans: new ScanQueue(new ScanSwitch(settings, forced, hasClair)),
    tags: new TagStore(),
  };
  return stores;
}
