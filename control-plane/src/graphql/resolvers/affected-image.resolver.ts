import { Arg, Ctx, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import type { ContentStores } from '../../cache/content/content-stores';
import type { Database } from '../../db/database';
import type { GraphqlContext } from '../request/context';
import { readPageRequest, toConnection } from '../types/pagination';
import { ManifestType, toManifestType } from '../types/manifest.type';
import { RepositoryType, toRepositoryType } from '../types/repository.type';
import { AffectedImageConnection, AffectedImageType } from '../types/affected-image.type';
import { affectedImages, countAffectedImages } from '../../scan/findings/affected-images';
import { toVulnerabilityType, VulnerabilityType } from '../types/scan.type';

/** Resolves the cached images with a vulnerability. */
@Resolver(() => AffectedImageType)
export class AffectedImageResolver {
  constructor(
    private readonly database: Database,
    private readonly stores: Pick<ContentStores, 'origins' | 'proofs'>,
  ) {}

  @Query(() => AffectedImageConnection, {
    description:
      'The cached images with this vulnerability, sorted by digest, once for each repository ' +
      'that holds an image. A token bound to an organization only sees images of that ' +
      'organization. `first` is 1 to 200. Errors: BAD_USER_INPUT.',
  })
  async vulnerability(
    @Ctx() { viewer }: GraphqlContext,
    @Arg('name', () => String, { description: 'The full name, for example CVE-2023-5678.' }) name: string,
    @Arg('first', () => Int, { nullable: true, defaultValue: 50 }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
  ): Promise<AffectedImageConnection> {
    const { reader } = this.database;
    const request = readPageRequest(first, after, ['string', 'number']);
    const uid = viewer.organization?.uid;
    const page = await affectedImages(reader, this.stores, name, uid, request);
    return Object.assign(new AffectedImageConnection(), {
      ...toConnection(
        page,
        (row) => [row.digest, row.id],
        (row) => Object.assign(new AffectedImageType(), { row, vulnerability: name }),
      ),
      count: () => countAffectedImages(reader, this.stores, name, uid),
    });
  }

  @FieldResolver(() => RepositoryType)
  async repository(@Root() { row }: AffectedImageType, @Ctx() { loaders }: GraphqlContext): Promise<RepositoryType> {
    const repository = await loaders.repository.load(row.repository_id);
    if (repository === undefined) throw new Error('The repository ended while it was read.');
    return toRepositoryType(repository);
  }

  @FieldResolver(() => ManifestType)
  manifest(@Root() { row }: AffectedImageType): ManifestType {
    return toManifestType(row);
  }

  @FieldResolver(() => [VulnerabilityType], { description: 'The vulnerability, once for each affected package.' })
  async vulnerabilities(
    @Root() { row, vulnerability }: AffectedImageType,
    @Ctx() { loaders }: GraphqlContext,
  ): Promise<VulnerabilityType[]> {
    const findings = await loaders.findingsByName.load({ digest: row.digest, vulnerability });
    return Promise.all(
      findings.map(async (finding) => toVulnerabilityType(finding, await loaders.advisory.load(finding.advisory))),
    );
  }
}
