import { Arg, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Clock } from '../../../../common/runtime/clock';
import type { Database } from '../../db/database';
import type { GraphqlContext } from '../request/context';
import { readPageRequest, readSearch, toConnection } from '../types/pagination';
import { OrganizationType, toOrganizationType } from '../types/organization.type';
import { type TagFilter, tagKey, type TagStore } from '../../cache/content/tag.store';
import { TagConnection, TagState, TagType, toTagType } from '../types/tag.type';
import { StorageUsageType, toStorageUsageType } from '../types/storage-usage.type';
import type { Organization } from '../../tenancy/organizations/organization';
import { purgeRepository, type PurgeParts } from '../../cache/management/purge-repository';
import type { RepositoryStore } from '../../cache/content/repository.store';
import { RepositoryType, toRepositoryType } from '../types/repository.type';

/** Resolves and purges repositories. */
@Resolver(() => RepositoryType)
export class RepositoryResolver {
  /**
   * The conversions of organizations. The loader of a request returns the same object for all
   * repositories of an organization, of which a page has many.
   */
  private readonly shown = new WeakMap<Organization, OrganizationType>();

  constructor(
    private readonly database: Database,
    private readonly repositories: RepositoryStore,
    private readonly tagStore: TagStore,
    private readonly purge: PurgeParts,
    private readonly clock: Clock,
  ) {}

  @Query(() => RepositoryType, {
    nullable: true,
    description: 'The repository with this canonical name, or null if nothing of it is cached.',
  })
  async repository(
    @Arg('organization', () => String) organization: string,
    @Arg('name', () => String) name: string,
  ): Promise<RepositoryType | null> {
    const row = await this.repositories.findByNames(this.database.reader, organization, name);
    return row === undefined ? null : toRepositoryType(row);
  }

  @Mutation(() => Boolean, {
    description:
      'Removes all cached content of a repository, without keeping it in the time machine. Later ' +
      'pulls are cached again. Bytes that nothing else needs are deleted by the next ' +
      'collections. Returns false if nothing was cached.',
  })
  purgeRepository(
    @Arg('organization', () => String) organization: string,
    @Arg('repository', () => String) repository: string,
    @Ctx() { viewer }: GraphqlContext,
  ): Promise<boolean> {
    return purgeRepository(this.purge, { organization, repository }, viewer.name);
  }

  @FieldResolver(() => OrganizationType)
  async organization(@Root() { row }: RepositoryType, @Ctx() { loaders }: GraphqlContext): Promise<OrganizationType> {
    const organization = await loaders.organization.load(row.organization_uid);
    if (organization === undefined) throw new Error('The organization was deleted while the request ran.');
    const known = this.shown.get(organization);
    if (known !== undefined) return known;
    const shown = toOrganizationType(organization);
    this.shown.set(organization, shown);
    return shown;
  }

  @FieldResolver(() => StorageUsageType, {
    description: 'What this repository holds, including content that other repositories hold too.',
  })
  async usage(@Root() { row }: RepositoryType, @Ctx() { loaders }: GraphqlContext): Promise<StorageUsageType> {
    const organization = await loaders.organization.load(row.organization_uid);
    return toStorageUsageType({ kind: 'repository', id: row.id }, organization?.quota);
  }

  @FieldResolver(() => TagType, {
    nullable: true,
    description:
      'The active version of a tag, or its latest expired version if none is active; null if there is neither.',
  })
  async tag(@Root() { row }: RepositoryType, @Arg('name', () => String) name: string): Promise<TagType | null> {
    const { reader } = this.database;
    const tag =
      (await this.tagStore.findLive(reader, row.id, name)) ?? (await this.tagStore.findExpired(reader, row.id, name));
    return tag === undefined ? null : toTagType(tag, this.clock.now());
  }

  @FieldResolver(() => TagConnection, {
    description: 'Tags, sorted by name. `first` is 1 to 200. state: null means all versions. Errors: BAD_USER_INPUT.',
  })
  async tags(
    @Root() { row }: RepositoryType,
    @Arg('first', () => Int, { nullable: true, defaultValue: 50 }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
    @Arg('nameContains', () => String, { nullable: true }) nameContains: string | null | undefined,
    @Arg('state', () => TagState, { nullable: true, defaultValue: TagState.ACTIVE }) state: TagState | null,
  ): Promise<TagConnection> {
    const { reader } = this.database;
    const request = readPageRequest(first, after, ['string', 'number']);
    const now = this.clock.now();
    const filter: TagFilter = {
      repositoryId: row.id,
      nameContains: readSearch(nameContains),
      state: state ?? undefined,
      now,
    };
    const page = await this.tagStore.page(reader, filter, request);
    return Object.assign(
      new TagConnection(),
      toConnection(page, tagKey, (tag) => toTagType(tag, now)),
      {
        count: () => this.tagStore.count(reader, filter),
      },
    );
  }
}
