import type { SealedBox } from '../../common/security/sealed-box';
import { AuditStore } from './audit/audit.store';
import { ConfigurationRevision } from './configuration/configuration-revision';
import { OriginStore } from './content/origin.store';
import { ManifestStore } from './manifest/manifest.store';
import { OrganizationStore } from './organization/organization.store';
import { RecordedEventsStore } from './records/recorded-events.store';
import { RepositoryStore } from './repository/repository.store';
import { RobotStore } from './robot/robot.store';
import { SystemSettingsStore } from './settings/system-settings.store';
import { StatisticsStore } from './statistics/statistics.store';
import { TagStore } from './tag/tag.store';
import { ApiTokenStore } from './token/api-token.store';
import { TokenKeyStore } from './token/token-key.store';
import { UpstreamStatusStore } from './upstream-status/upstream-status.store';
import { UsageStore } from './usage/usage.store';

/** Everything that reads and writes rows. */
export type Stores = ReturnType<typeof createStores>;

/** Makes every store. `tokenKeyBox` seals the keys of pull tokens. */
export function createStores(tokenKeyBox: SealedBox) {
  return {
    audit: new AuditStore(),
    manifests: new ManifestStore(),
    organizations: new OrganizationStore(),
    origins: new OriginStore(),
    recorded: new RecordedEventsStore(),
    repositories: new RepositoryStore(),
    revision: new ConfigurationRevision(),
    robots: new RobotStore(),
    settings: new SystemSettingsStore(),
    statistics: new StatisticsStore(),
    tags: new TagStore(),
    tokenKeys: new TokenKeyStore(tokenKeyBox),
    tokens: new ApiTokenStore(),
    upstreamStatus: new UpstreamStatusStore(),
    usage: new UsageStore(),
  } as const;
}
