import type { Clock } from '../../common/runtime/clock';
import { ViewerResolver } from './graphql/resolvers/viewer.resolver';
import { AuditResolver } from './graphql/resolvers/audit.resolver';
import type { ForcedSwitches } from './tenancy/settings/system-settings';
import type { Database } from './db/database';
import type { GarbageCollector } from './cache/collection/garbage-collector';
import { GarbageResolver } from './graphql/resolvers/garbage.resolver';
import { NodeResolver } from './graphql/resolvers/node.resolver';
import { BuildInfoResolver } from './graphql/resolvers/build-info.resolver';
import { ResolverInstances } from './graphql/schema';
import { ManifestResolver } from './graphql/resolvers/manifest.resolver';
import { OrganizationMutationsResolver } from './graphql/resolvers/organization-mutations.resolver';
import { OrganizationResolver } from './graphql/resolvers/organization.resolver';
import type { OrganizationService } from './tenancy/organizations/organization.service';
import { RepositoryResolver } from './graphql/resolvers/repository.resolver';
import { RobotResolver } from './graphql/resolvers/robot.resolver';
import { RobotService } from './tenancy/robots/robot.service';
import { AffectedImageResolver } from './graphql/resolvers/affected-image.resolver';
import { ScanResolver } from './graphql/resolvers/scan.resolver';
import { SystemSettingsResolver } from './graphql/resolvers/system-settings.resolver';
import { type GlobalQuotas, SystemSettingsService } from './tenancy/settings/system-settings.service';
import type { Stores } from './stores';
import { TagResolver } from './graphql/resolvers/tag.resolver';
import { TagService } from './cache/management/tag.service';
import { ApiTokenResolver } from './graphql/resolvers/api-token.resolver';
import { ApiTokenService } from './tenancy/tokens/api-token.service';
import type { UpstreamProbe } from './data-planes/upstream-probe';
import { UpstreamProbeResolver } from './graphql/resolvers/upstream-probe.resolver';
import { UpstreamStatusResolver } from './graphql/resolvers/upstream-status.resolver';
import { UsageResolver } from './graphql/resolvers/usage.resolver';

/** Dependencies of the resolvers. */
export type ResolverParts = Stores & {
  readonly database: Database;
  readonly clock: Clock;
  readonly forced: ForcedSwitches;
  readonly organizationService: OrganizationService;
  readonly quotas: GlobalQuotas;
  readonly stores: Stores;
  readonly collector: GarbageCollector;
  readonly probe: UpstreamProbe;
  /** Wakes the scan worker because new scans may be due. */
  readonly pokeScanning: () => void;
};

/** Creates one instance of every resolver class. */
export function createResolvers(parts: ResolverParts): ResolverInstances {
  const { database, clock, audit, tags, manifests, repositories, usage } = parts;
  return new ResolverInstances([
    new AffectedImageResolver(database, parts),
    new ApiTokenResolver(new ApiTokenService(parts)),
    new AuditResolver(database, audit),
    new BuildInfoResolver(),
    new GarbageResolver(parts.collector),
    new ManifestResolver(database, repositories, manifests, clock),
    new NodeResolver(database, tags, audit, clock),
    new OrganizationMutationsResolver(parts.organizationService),
    new OrganizationResolver(parts),
    new RepositoryResolver(database, repositories, tags, parts, clock),
    new RobotResolver(new RobotService(parts), parts),
    new ScanResolver(parts),
    new SystemSettingsResolver(new SystemSettingsService(parts)),
    new TagResolver(new TagService(parts), clock),
    new UpstreamProbeResolver(parts.probe),
    new UpstreamStatusResolver(),
    new UsageResolver(database, usage, clock),
    new ViewerResolver(),
  ]);
}
