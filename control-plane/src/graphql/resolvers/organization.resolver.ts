import { Arg, Ctx, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import type { Clock } from '../../../../common/runtime/clock';
import type { Database } from '../../db/database';
import { badInput } from '../../errors/api-error';
import type { GraphqlContext } from '../request/context';
import { readPageRequest, readSearch, toConnection } from '../types/pagination';
import { repositoryKey, type RepositoryStore } from '../../cache/content/repository.store';
import { RepositoryConnection, toRepositoryType } from '../types/repository.type';
import type { RobotStore } from '../../tenancy/robots/robot.store';
import { RobotType, toRobotType } from '../types/robot.type';
import { CacheStatisticsType, toCacheStatisticsType } from '../types/cache-statistics.type';
import type { StatisticsStore } from '../../cache/pulls/statistics.store';
import { StorageUsageType, toStorageUsageType } from '../types/storage-usage.type';
import { organizationKey, type OrganizationStore } from '../../tenancy/organizations/organization.store';
import { OrganizationConnection, OrganizationType, toOrganizationType } from '../types/organization.type';
import { MAX_SECONDS } from '../../tenancy/organizations/settings/rules';

/** The stores that organizations are read from. */
export interface OrganizationReads {
  readonly database: Database;
  readonly organizations: OrganizationStore;
  readonly repositories: RepositoryStore;
  readonly robots: RobotStore;
  readonly statistics: StatisticsStore;
  readonly clock: Clock;
}

/** Resolves organizations. */
@Resolver(() => OrganizationType)
export class OrganizationResolver {
  constructor(private readonly parts: OrganizationReads) {}

  @Query(() => OrganizationType, { nullable: true, description: 'The organization with this name, or null.' })
  async organization(@Arg('name', () => String) name: string): Promise<OrganizationType | null> {
    const organization = await this.parts.organizations.findByName(this.parts.database.reader, name);
    return organization === undefined ? null : toOrganizationType(organization);
  }

  @Query(() => OrganizationConnection, {
    description:
      'Organizations, sorted by name. `first` is 1 to 200. A token bound to an organization only ' +
      'sees that organization. Errors: BAD_USER_INPUT.',
  })
  async organizations(
    @Ctx() context: GraphqlContext,
    @Arg('first', () => Int, { nullable: true, defaultValue: 50 }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
    @Arg('nameContains', () => String, { nullable: true }) nameContains: string | null | undefined,
  ): Promise<OrganizationConnection> {
    const { organizations, database } = this.parts;
    const request = readPageRequest(first, after, ['string']);
    const filter = { nameContains: readSearch(nameContains), uid: context.viewer.organization?.uid };
    const page = await organizations.page(database.reader, request, filter);
    return Object.assign(new OrganizationConnection(), toConnection(page, organizationKey, toOrganizationType), {
      count: () => organizations.count(database.reader, filter),
    });
  }

  @FieldResolver(() => StorageUsageType)
  usage(@Root() { organization }: OrganizationType): StorageUsageType {
    return toStorageUsageType({ kind: 'organization', uid: organization.uid }, organization.quota);
  }

  @FieldResolver(() => CacheStatisticsType, {
    description:
      `Statistics of the pulls in the last sinceSeconds (1 to ${MAX_SECONDS}), counted in ` +
      'intervals of five minutes. Errors: BAD_USER_INPUT.',
  })
  async statistics(
    @Root() { organization }: OrganizationType,
    @Arg('sinceSeconds', () => Int, { nullable: true, defaultValue: 86400 }) sinceSeconds: number | null,
  ): Promise<CacheStatisticsType> {
    const seconds = sinceSeconds ?? 86_400;
    if (seconds < 1 || seconds > MAX_SECONDS) throw badInput('sinceSeconds', `must be from 1 to ${MAX_SECONDS}`);
    const { statistics, database, clock } = this.parts;
    const since = clock.now() - seconds * 1000;
    return toCacheStatisticsType(await statistics.sums(database.reader, organization.uid, since));
  }

  @FieldResolver(() => RepositoryConnection, {
    description: 'Repositories with cached content, sorted by name. `first` is 1 to 200. Errors: BAD_USER_INPUT.',
  })
  async repositories(
    @Root() { organization }: OrganizationType,
    @Arg('first', () => Int, { nullable: true, defaultValue: 50 }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
    @Arg('nameContains', () => String, { nullable: true }) nameContains: string | null | undefined,
  ): Promise<RepositoryConnection> {
    const { repositories, database } = this.parts;
    const request = readPageRequest(first, after, ['string']);
    const filter = { organizationUid: organization.uid, nameContains: readSearch(nameContains) };
    const page = await repositories.page(database.reader, filter, request);
    return Object.assign(new RepositoryConnection(), toConnection(page, repositoryKey, toRepositoryType), {
      count: () => repositories.count(database.reader, filter),
    });
  }

  @FieldResolver(() => [RobotType])
  async robots(@Root() { organization }: OrganizationType): Promise<RobotType[]> {
    const { robots, database, clock } = this.parts;
    const rows = await robots.ofOrganization(database.reader, organization.uid);
    const granted = new Map(rows.map(({ name }) => [name, [] as string[]]));
    for (const grant of await robots.grantsOfOrganization(database.reader, organization.uid))
      granted.get(grant.robot)?.push(grant.organization.name);
    return rows.map((robot) => toRobotType({ robot, granted: granted.get(robot.name)! }, clock.now()));
  }
}
