import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { Clock } from '../../../../common/runtime/clock';
import type { ManifestRow, TagRow } from '../../../../schema/tables';
import type { RequestContext } from '../request/context';
import type { Loaders } from '../request/loaders';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { DigestScalar } from '../scalars/digest.scalar';
import { ManifestType, toManifestType } from '../types/manifest.type';
import type { TagService } from '../../cache/management/tag.service';
import { TagType, toTagType } from '../types/tag.type';
import { leftServiceAt } from '../../cache/content/tag-life';

/** Tags in GraphQL. */
@Resolver(() => TagType)
export class TagResolver {
  constructor(
    private readonly tags: TagService,
    private readonly clock: Clock,
  ) {}

  @FieldResolver(() => ManifestType)
  async manifest(@Root() { row }: TagType, @Ctx() { loaders }: RequestContext): Promise<ManifestType> {
    return toManifestType(await this.manifestOf(row, loaders));
  }

  @FieldResolver(() => ByteSizeScalar, { description: 'Bytes of the image or index as cached, each blob once.' })
  async sizeBytes(@Root() { row }: TagType, @Ctx() { loaders }: RequestContext): Promise<bigint> {
    return (await loaders.contents.load(await this.manifestOf(row, loaders))).bytes;
  }

  @FieldResolver(() => DateTimeScalar, {
    nullable: true,
    description: 'When a tag in the time machine is collected for good; null while it is active.',
  })
  async collectedAfter(@Root() { row }: TagType, @Ctx() { loaders }: RequestContext): Promise<number | null> {
    const left = leftServiceAt(row, this.clock.now());
    if (left === undefined) return null;
    const repository = await loaders.repository.load(row.repository_id);
    const organization = repository && (await loaders.organization.load(repository.organization_uid));
    return organization === undefined ? null : left + organization.timeMachineSeconds * 1000;
  }

  @Mutation(() => TagType, {
    description:
      'Sets when a tag expires; null: never. The next successful pull of the tag resets it to expirationSeconds from then. ' +
      'Errors: NOT_FOUND (no active tag of that name), BAD_USER_INPUT (a time that has passed).',
  })
  async setTagExpiration(
    @Arg('organization', () => String) organization: string,
    @Arg('repository', () => String) repository: string,
    @Arg('tag', () => String) tag: string,
    @Arg('expiresAt', () => DateTimeScalar, { nullable: true }) expiresAt: number | null | undefined,
    @Ctx() { viewer }: RequestContext,
  ): Promise<TagType> {
    const name = { organization, repository, tag };
    return this.show(await this.tags.setExpiration(name, expiresAt ?? undefined, viewer.name));
  }

  @Mutation(() => Boolean, {
    description:
      'Moves the active version of a tag into the time machine, where it can be restored until it is collected. The next pull of ' +
      'the tag asks upstream again. Deleting what is not there is no error: false.',
  })
  deleteTag(
    @Arg('organization', () => String) organization: string,
    @Arg('repository', () => String) repository: string,
    @Arg('tag', () => String) tag: string,
    @Ctx() { viewer }: RequestContext,
  ): Promise<boolean> {
    return this.tags.delete({ organization, repository, tag }, viewer.name);
  }

  @Mutation(() => TagType, {
    description:
      'Makes a version from the time machine the active one, as if it had been pulled now; the version that is active goes into the ' +
      'time machine. It is served as it is for revalidateAfterSeconds and while upstream is away; the next check with upstream ' +
      'decides anew. Errors: NOT_FOUND (the time machine has no such version, or not any more).',
  })
  async restoreTag(
    @Arg('organization', () => String) organization: string,
    @Arg('repository', () => String) repository: string,
    @Arg('tag', () => String) tag: string,
    @Arg('digest', () => DigestScalar) digest: string,
    @Ctx() { viewer }: RequestContext,
  ): Promise<TagType> {
    return this.show(await this.tags.restore({ organization, repository, tag }, digest, viewer.name));
  }

  private show(row: TagRow): TagType {
    return toTagType(row, this.clock.now());
  }

  private async manifestOf(row: TagRow, loaders: Loaders): Promise<ManifestRow> {
    const manifest = await loaders.manifest.load(row.manifest_id);
    if (manifest === undefined)
      throw new Error(`tag ${row.id} points at manifest ${row.manifest_id}, which is not there`);
    return manifest;
  }
}
