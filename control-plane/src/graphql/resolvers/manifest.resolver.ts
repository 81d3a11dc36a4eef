import { Arg, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import type { Clock } from '../../../../common/runtime/clock';
import type { ManifestReferenceRow } from '../../../../schema/tables';
import type { Database } from '../../db/database';
import type { GraphqlContext } from '../request/context';
import { DigestScalar } from '../scalars/digest.scalar';
import type { RepositoryStore } from '../../cache/content/repository.store';
import { scanOfManifest } from './scan-of-manifest';
import { ScanType } from '../types/scan.type';
import { TagType, toTagType } from '../types/tag.type';
import { BlobType, Completeness, ManifestType, PlatformType, toManifestType } from '../types/manifest.type';
import type { ManifestStore } from '../../cache/content/manifest.store';

/** Resolves manifests. */
@Resolver(() => ManifestType)
export class ManifestResolver {
  constructor(
    private readonly database: Database,
    private readonly repositories: RepositoryStore,
    private readonly manifests: ManifestStore,
    private readonly clock: Clock,
  ) {}

  @Query(() => ManifestType, {
    nullable: true,
    description: 'A manifest of a repository, or null if the repository does not hold this digest.',
  })
  async manifest(
    @Arg('organization', () => String) organization: string,
    @Arg('repository', () => String) repository: string,
    @Arg('digest', () => DigestScalar) digest: string,
  ): Promise<ManifestType | null> {
    const { reader } = this.database;
    const found = await this.repositories.findByNames(reader, organization, repository);
    const row = found && (await this.manifests.find(reader, found.id, digest));
    return row === undefined ? null : toManifestType(row);
  }

  @FieldResolver(() => Completeness)
  async completeness(@Root() { row }: ManifestType, @Ctx() { loaders }: GraphqlContext): Promise<Completeness> {
    return (await loaders.contents.load(row)).complete ? Completeness.COMPLETE : Completeness.PARTIAL;
  }

  @FieldResolver(() => [PlatformType], { description: 'The platforms of an index; empty for other manifests.' })
  async platforms(@Root() { row }: ManifestType, @Ctx() { loaders }: GraphqlContext): Promise<PlatformType[]> {
    const children = (await this.named(row.id, ['CHILD'], loaders)).filter((child) => child.platform_os !== null);
    return Promise.all(
      children.map(async (child) => ({
        os: child.platform_os!,
        architecture: child.platform_architecture ?? '',
        variant: child.platform_variant,
        digest: child.digest,
        cached: (await loaders.manifestByDigest.load(keyOf(child))) !== undefined,
      })),
    );
  }

  @FieldResolver(() => [BlobType], { description: 'The layers, lowest first; empty for an index.' })
  async layers(@Root() { row }: ManifestType, @Ctx() { loaders }: GraphqlContext): Promise<BlobType[]> {
    const layers = (await this.named(row.id, ['LAYER', 'FOREIGN'], loaders)).toSorted(byPosition);
    return Promise.all(
      layers.map(async (layer) => ({
        digest: layer.digest,
        mediaType: layer.media_type,
        sizeBytes: BigInt(layer.size),
        cached: await loaders.isHeld.load({ originVersion: row.origin_version, digest: layer.digest }),
      })),
    );
  }

  @FieldResolver(() => [ManifestType], { description: 'The cached children of an index.' })
  async children(@Root() { row }: ManifestType, @Ctx() { loaders }: GraphqlContext): Promise<ManifestType[]> {
    const children = await this.named(row.id, ['CHILD'], loaders);
    const rows = await Promise.all(children.map((child) => loaders.manifestByDigest.load(keyOf(child))));
    return rows.flatMap((child) => (child === undefined ? [] : [toManifestType(child)]));
  }

  @FieldResolver(() => [TagType], {
    description: 'All tag versions that point to this manifest, including those in the time machine.',
  })
  async tags(@Root() { row }: ManifestType, @Ctx() { loaders }: GraphqlContext): Promise<TagType[]> {
    const tags = await loaders.manifestTags.load(row.id);
    return tags.map((tag) => toTagType(tag, this.clock.now()));
  }

  @FieldResolver(() => ScanType, {
    nullable: true,
    description: 'Null if the manifest was never scanned and will not be.',
  })
  scan(@Root() { row }: ManifestType, @Ctx() { loaders }: GraphqlContext): Promise<ScanType | null> {
    return scanOfManifest(row, loaders);
  }

  private async named(
    id: number,
    roles: readonly ('LAYER' | 'FOREIGN' | 'CHILD')[],
    loaders: GraphqlContext['loaders'],
  ): Promise<readonly ManifestReferenceRow[]> {
    return (await loaders.references.load(id)).filter(({ role }) => (roles as readonly string[]).includes(role));
  }
}

function byPosition(a: ManifestReferenceRow, b: ManifestReferenceRow): number {
  return a.position - b.position;
}

function keyOf(child: ManifestReferenceRow): { readonly repositoryId: number; readonly digest: string } {
  return { repositoryId: child.repository_id, digest: child.digest };
}
