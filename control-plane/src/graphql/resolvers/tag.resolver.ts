import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, FieldResolver, Info, Mutation, Resolver, Root } from 'type-graphql';
import type { Clock } from '../../../../common/runtime/clock';
import type { ManifestRow, TagRow } from '../../../../schema/tables';
import type { GraphqlContext } from '../request/context';
import { isSelected } from '../request/is-selected';
import type { Loaders } from '../request/loaders';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { DigestScalar } from '../scalars/digest.scalar';
import { ManifestType, toManifestType } from '../types/manifest.type';
import type { TagService } from '../../cache/management/tag.service';
import { TagType, toTagType } from '../types/tag.type';
import { leftServiceAt } from '../../cache/content/tag-life';

/** Resolves and changes tags. */
@Resolver(() => TagType)
export class TagResolver {
  constructor(
    private readonly tags: TagService,
    private readonly clock: Clock,
  ) {}

  @FieldResolver(() => ManifestType)
  async manifest(
    @Root() { row }: TagType,
    @Ctx() { loaders }: GraphqlContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<ManifestType> {
    // Read at the same time as the manifests. The resolver of the scan sees a failure.
    if (isSelected(info, 'scan')) loaders.scan.load(row.manifest_id).catch(() => undefined);
    return toManifestType(await this.manifestOf(row, loaders));
  }

  @FieldResolver(() => ByteSizeScalar, { description: 'Cached bytes of the image or index, each blob counted once.' })
  async sizeBytes(@Root() { row }: TagType, @Ctx() { loaders }: GraphqlContext): Promise<bigint> {
    return (await loaders.contents.load(await this.manifestOf(row, loaders))).bytes;
  }

  @FieldResolver(() => DateTimeScalar, {
    nullable: true,
    description: 'When a tag version in the time machine may be collected; null while the version is active.',
  })
  async collectedAfter(@Root() { row }: TagType, @Ctx() { loaders }: GraphqlContext): Promise<number | null> {
    const left = leftServiceAt(row, this.clock.now());
    if (left === undefined) return null;
    const repository = await loaders.repository.load(row.repository_id);
    const organization = repository && (await loaders.organization.load(repository.organization_uid));
    return organization === undefined ? null : left + organization.timeMachineSeconds * 1000;
  }

  @Mutation(() => TagType, {
    description:
      'Sets the expiration of a tag; null means never. The next successful pull of the tag ' +
      'resets it to expirationSeconds after the pull. Errors: NOT_FOUND if there is no active ' +
      'tag with this name; BAD_USER_INPUT if the time is in the past.',
  })
  async setTagExpiration(
    @Arg('organization', () => String) organization: string,
    @Arg('repository', () => String) repository: string,
    @Arg('tag', () => String) tag: string,
    @Arg('expiresAt', () => DateTimeScalar, { nullable: true }) expiresAt: number | null | undefined,
    @Ctx() { viewer }: GraphqlContext,
  ): Promise<TagType> {
    const name = { organization, repository, tag };
    return this.show(await this.tags.setExpiration(name, expiresAt ?? undefined, viewer.name));
  }

  @Mutation(() => Boolean, {
    description:
      'Moves the active version of a tag to the time machine, where it can be restored until it ' +
      'is collected. The next pull of the tag asks the upstream again. Returns false if the tag ' +
      'does not exist; this is not an error.',
  })
  deleteTag(
    @Arg('organization', () => String) organization: string,
    @Arg('repository', () => String) repository: string,
    @Arg('tag', () => String) tag: string,
    @Ctx() { viewer }: GraphqlContext,
  ): Promise<boolean> {
    return this.tags.delete({ organization, repository, tag }, viewer.name);
  }

  @Mutation(() => TagType, {
    description:
      'Makes a version from the time machine the active one, as if it had been pulled now; the ' +
      'version that was active moves to the time machine. The restored version is served without ' +
      'a check for revalidateAfterSeconds, and while the upstream is unreachable; after that, a ' +
      'revalidation may replace it. Errors: NOT_FOUND if the time machine does not have this ' +
      'version.',
  })
  async restoreTag(
    @Arg('organization', () => String) organization: string,
    @Arg('repository', () => String) repository: string,
    @Arg('tag', () => String) tag: string,
    @Arg('digest', () => DigestScalar) digest: string,
    @Ctx() { viewer }: GraphqlContext,
  ): Promise<TagType> {
    return this.show(await this.tags.restore({ organization, repository, tag }, digest, viewer.name));
  }

  private show(row: TagRow): TagType {
    return toTagType(row, this.clock.now());
  }

  private async manifestOf(row: TagRow, loaders: Loaders): Promise<ManifestRow> {
    const manifest = await loaders.manifest.load(row.manifest_id);
    if (manifest === undefined)
      throw new Error(`Tag ${row.id} points to manifest ${row.manifest_id}, which does not exist.`);
    return manifest;
  }
}
