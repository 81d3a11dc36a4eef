import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { Clock } from '../../../common/runtime/clock';
import type { ManifestRow, TagRow } from '../../../schema/tables';
import { notImplemented } from '../errors/api-error';
import type { RequestContext } from '../graphql/context';
import type { Loaders } from '../graphql/loaders';
import { ByteSizeScalar } from '../graphql/scalars/byte-size.scalar';
import { DateTimeScalar } from '../graphql/scalars/date-time.scalar';
import { DigestScalar } from '../graphql/scalars/digest.scalar';
import { ManifestType, toManifestType } from '../manifest/manifest.type';
import { leftServiceAt, TagType } from './tag.type';

/** Tags in GraphQL. */
@Resolver(() => TagType)
export class TagResolver {
  constructor(private readonly clock: Clock) {}

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

  @Mutation(() => TagType, { description: 'Errors: NOT_IMPLEMENTED.' })
  setTagExpiration(
    @Arg('organization', () => String) _organization: string,
    @Arg('repository', () => String) _repository: string,
    @Arg('tag', () => String) _tag: string,
    @Arg('expiresAt', () => DateTimeScalar, { nullable: true }) _expiresAt: number | null | undefined,
  ): TagType {
    throw notImplemented('setTagExpiration');
  }

  @Mutation(() => Boolean, { description: 'Errors: NOT_IMPLEMENTED.' })
  deleteTag(
    @Arg('organization', () => String) _organization: string,
    @Arg('repository', () => String) _repository: string,
    @Arg('tag', () => String) _tag: string,
  ): boolean {
    throw notImplemented('deleteTag');
  }

  @Mutation(() => TagType, { description: 'Errors: NOT_IMPLEMENTED.' })
  restoreTag(
    @Arg('organization', () => String) _organization: string,
    @Arg('repository', () => String) _repository: string,
    @Arg('tag', () => String) _tag: string,
    @Arg('digest', () => DigestScalar) _digest: string,
  ): TagType {
    throw notImplemented('restoreTag');
  }

  private async manifestOf(row: TagRow, loaders: Loaders): Promise<ManifestRow> {
    const manifest = await loaders.manifest.load(row.manifest_id);
    if (manifest === undefined)
      throw new Error(`tag ${row.id} points at manifest ${row.manifest_id}, which is not there`);
    return manifest;
  }
}
