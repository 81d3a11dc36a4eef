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

/** All resolver classes. */
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

/** The instances of the resolver classes, one for each class. */
export class ResolverInstances {
  private readonly instances: ReadonlyMap<unknown, object>;

  constructor(instances: readonly object[]) {
    this.instances = new Map(instances.map((instance) => [instance.constructor, instance]));
  }

  /**
   * Returns the instance of a class, as type-graphql's container interface requires. Throws an
   * Error if there is none.
   */
  get(someClass: unknown): object {
    const instance = this.instances.get(someClass);
    if (instance === undefined)
      throw new Error(`There is no instance of ${String((someClass as { name?: unknown }).name)}.`);
    return instance;
  }
}

/**
 * Builds the executable schema with the access rules. Without instances it can be printed but not
 * executed.
 */
export function buildGraphqlSchema(instances = new ResolverInstances([])): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [...RESOLVERS],
    container: instances as never,
    // The validate-*.ts functions check inputs instead, because they know the path of a field.
    validate: false,
  });
  schema.description = SCHEMA_DESCRIPTION;
  guardRootFields(schema);
  return schema;
}
