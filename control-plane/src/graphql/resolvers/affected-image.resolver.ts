import { Arg, Ctx, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import type { Database } from '../../db/database';
import type { RequestContext } from '../request/context';
import { readPageRequest, toConnection } from '../types/pagination';
import { ManifestType, toManifestType } from '../types/manifest.type';
import { RepositoryType, toRepositoryType } from '../types/repository.type';
import { AffectedImageConnection, AffectedImageType } from '../types/affected-image.type';
import { affectedImages, countAffectedImages } from '../../scan/findings/affected-images';
import { toVulnerabilityType, VulnerabilityType } from '../types/scan.type';

/** Images by vulnerability, in GraphQL. */
@Resolver(() => AffectedImageType)
export class AffectedImageResolver {
  constructor(private readonly database: Database) {}

  @Query(() => AffectedImageConnection, {
    description:
      'Which cached images have this vulnerability, each once for every repository that holds it; by digest. A token bound to an organization sees ' +
      'those of that one only. `first` is 1 to 200. Errors: BAD_USER_INPUT.',
  })
  async vulnerability(
    @Ctx() { viewer }: RequestContext,
    @Arg('name', () => String, { description: 'The whole name, for example CVE-2023-5678.' }) name: string,
    @Arg('first', () => Int, { nullable: true, defaultValue: 50 }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
  ): Promise<AffectedImageConnection> {
    const { reader } = this.database;
    const request = readPageRequest(first, after, ['string', 'number']);
    const uid = viewer.organization?.uid;
    const page = await affectedImages(reader, name, uid, request);
    return Object.assign(new AffectedImageConnection(), {
      ...toConnection(
        page,
        (row) => [row.digest, row.id],
        (row) => Object.assign(new AffectedImageType(), { row, vulnerability: name }),
      ),
      count: () => countAffectedImages(reader, name, uid),
    });
  }

  @FieldResolver(() => RepositoryType)
  async repository(@Root() { row }: AffectedImageType, @Ctx() { loaders }: RequestContext): Promise<RepositoryType> {
    const repository = await loaders.repository.load(row.repository_id);
    if (repository === undefined) throw new Error('a repository ended while it was read');
    return toRepositoryType(repository);
  }

  @FieldResolver(() => ManifestType)
  manifest(@Root() { row }: AffectedImageType): ManifestType {
    return toManifestType(row);
  }

  @FieldResolver(() => [VulnerabilityType], { description: 'The vulnerability, once for each package that has it.' })
  async vulnerabilities(
    @Root() { row, vulnerability }: AffectedImageType,
    @Ctx() { loaders }: RequestContext,
  ): Promise<VulnerabilityType[]> {
    const findings = await loaders.findingsByName.load({ digest: row.digest, vulnerability });
    return Promise.all(
      findings.map(async (finding) => toVulnerabilityType(finding, await loaders.advisory.load(finding.advisory))),
    );
  }
}
