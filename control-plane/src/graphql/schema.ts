import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { guardRootFields } from '../access/authorize';
import { ViewerResolver } from '../access/viewer.resolver';
import { AuditResolver } from '../audit/audit.resolver';
import { GarbageResolver } from '../garbage/garbage.resolver';
import { ManifestResolver } from '../manifest/manifest.resolver';
import { OrganizationMutationsResolver } from '../organization/organization-mutations.resolver';
import { OrganizationResolver } from '../organization/organization.resolver';
import { RepositoryResolver } from '../repository/repository.resolver';
import { RobotResolver } from '../robot/robot.resolver';
import { AffectedImageResolver } from '../scan/affected-image.resolver';
import { ScanResolver } from '../scan/scan.resolver';
import { SystemSettingsResolver } from '../settings/system-settings.resolver';
import { TagResolver } from '../tag/tag.resolver';
import { ApiTokenResolver } from '../token/api-token.resolver';
import { UpstreamProbeResolver } from '../upstream-probe/upstream-probe.resolver';
import { UpstreamStatusResolver } from '../upstream-status/upstream-status.resolver';
import { UsageResolver } from '../usage/usage.resolver';
import { BuildInfoResolver } from './build-info.resolver';
import { NodeResolver } from './node.resolver';
import { SCHEMA_DESCRIPTION } from './schema-description';

/** Every class of resolvers. */
const RESOLVERS = [
  AffectedImageResolver,
  ApiTokenResolver,
  AuditResolver,
  BuildInfoResolver,
  GarbageResolver,
  ManifestResolver,
  NodeResolver,
  OrganizationMutationsResolver,
  OrganizationResolver,
  RepositoryResolver,
  RobotResolver,
  ScanResolver,
  SystemSettingsResolver,
  TagResolver,
  UpstreamProbeResolver,
  UpstreamStatusResolver,
  UsageResolver,
  ViewerResolver,
] as const;

/** One instance for every class of resolvers. */
export class ResolverInstances {
  private readonly instances: ReadonlyMap<unknown, object>;

  constructor(instances: readonly object[]) {
    this.instances = new Map(instances.map((instance) => [instance.constructor, instance]));
  }

  /** The instance of a class: all that type-graphql asks of a container. Throws an Error for a class without one. */
  get(someClass: unknown): object {
    const instance = this.instances.get(someClass);
    if (instance === undefined) throw new Error(`no instance of ${String((someClass as { name?: unknown }).name)}`);
    return instance;
  }
}

/** The executable schema, with the access rules in front. Without instances it can be printed but not executed. */
export function buildGraphqlSchema(instances = new ResolverInstances([])): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [...RESOLVERS],
    container: instances as never,
    // Inputs are checked by the validate-*.ts functions, which know the path of a field.
    validate: false,
  });
  schema.description = SCHEMA_DESCRIPTION;
  guardRootFields(schema);
  return schema;
}
