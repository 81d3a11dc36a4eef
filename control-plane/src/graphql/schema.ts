import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { guardRootFields } from './access/authorize';
import { ViewerResolver } from './resolvers/viewer.resolver';
import { AuditResolver } from './resolvers/audit.resolver';
import { GarbageResolver } from './resolvers/garbage.resolver';
import { ManifestResolver } from './resolvers/manifest.resolver';
import { OrganizationMutationsResolver } from './resolvers/organization-mutations.resolver';
import { OrganizationResolver } from './resolvers/organization.resolver';
import { RepositoryResolver } from './resolvers/repository.resolver';
import { RobotResolver } from './resolvers/robot.resolver';
import { AffectedImageResolver } from './resolvers/affected-image.resolver';
import { ScanResolver } from './resolvers/scan.resolver';
import { SystemSettingsResolver } from './resolvers/system-settings.resolver';
import { TagResolver } from './resolvers/tag.resolver';
import { ApiTokenResolver } from './resolvers/api-token.resolver';
import { UpstreamProbeResolver } from './resolvers/upstream-probe.resolver';
import { UpstreamStatusResolver } from './resolvers/upstream-status.resolver';
import { UsageResolver } from './resolvers/usage.resolver';
import { NodeResolver } from './resolvers/node.resolver';
import { BuildInfoResolver } from './resolvers/build-info.resolver';
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
