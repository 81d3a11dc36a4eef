import type { Clock } from '../../common/runtime/clock';
import { ViewerResolver } from './access/viewer.resolver';
import { AuditResolver } from './audit/audit.resolver';
import type { ForcedSwitches } from './config';
import type { Database } from './db/database';
import type { GarbageCollector } from './garbage/garbage-collector';
import { GarbageResolver } from './garbage/garbage.resolver';
import { BuildInfoResolver } from './graphql/build-info.resolver';
import { NodeResolver } from './graphql/node.resolver';
import { ResolverInstances } from './graphql/schema';
import { ManifestResolver } from './manifest/manifest.resolver';
import { OrganizationMutationsResolver } from './organization/organization-mutations.resolver';
import { OrganizationResolver } from './organization/organization.resolver';
import type { OrganizationService } from './organization/organization.service';
import { RepositoryResolver } from './repository/repository.resolver';
import { RepositoryService } from './repository/repository.service';
import { RobotResolver } from './robot/robot.resolver';
import { RobotService } from './robot/robot.service';
import { AffectedImageResolver } from './scan/affected-image.resolver';
import { ScanResolver } from './scan/scan.resolver';
import { SystemSettingsResolver } from './settings/system-settings.resolver';
import { SystemSettingsService } from './settings/system-settings.service';
import type { Stores } from './stores';
import { TagResolver } from './tag/tag.resolver';
import { TagService } from './tag/tag.service';
import { ApiTokenResolver } from './token/api-token.resolver';
import { ApiTokenService } from './token/api-token.service';
import type { UpstreamProbe } from './upstream-probe/upstream-probe';
import { UpstreamProbeResolver } from './upstream-probe/upstream-probe.resolver';
import { UpstreamStatusResolver } from './upstream-status/upstream-status.resolver';
import { UsageResolver } from './usage/usage.resolver';

/** What resolvers work with. */
export type ResolverParts = Stores & {
  readonly database: Database;
  readonly clock: Clock;
  readonly forced: ForcedSwitches;
  readonly organizationService: OrganizationService;
  readonly stores: Stores;
  readonly collector: GarbageCollector;
  readonly probe: UpstreamProbe;
  /** There is something to scan. */
  readonly pokeScanning: () => void;
};

/** One instance of every class of resolvers. */
export function createResolvers(parts: ResolverParts): ResolverInstances {
  const { database, clock, audit, tags, manifests, usage } = parts;
  const repositories = new RepositoryService(database, parts.organizations, parts.repositories);
  return new ResolverInstances([
    new AffectedImageResolver(database),
    new ApiTokenResolver(new ApiTokenService(parts)),
    new AuditResolver(database, audit),
    new BuildInfoResolver(),
    new GarbageResolver(parts.collector),
    new ManifestResolver(database, repositories, manifests, clock),
    new NodeResolver(database, tags, audit, clock),
    new OrganizationMutationsResolver(parts.organizationService),
    new OrganizationResolver(parts),
    new RepositoryResolver(database, repositories, tags, parts, clock),
    new RobotResolver(new RobotService(parts)),
    new ScanResolver(parts),
    new SystemSettingsResolver(new SystemSettingsService(parts)),
    new TagResolver(new TagService(parts), clock),
    new UpstreamProbeResolver(parts.probe),
    new UpstreamStatusResolver(),
    new UsageResolver(database, usage, clock),
    new ViewerResolver(),
  ]);
}
