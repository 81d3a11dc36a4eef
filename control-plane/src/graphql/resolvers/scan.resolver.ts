import { Arg, Ctx, FieldResolver, Int, Mutation, Resolver, Root } from 'type-graphql';
import { actorOf } from '../../tenancy/tokens/viewer';
import { ApiError } from '../../errors/api-error';
import type { RequestContext } from '../request/context';
import { readPageRequest, toConnection } from '../types/pagination';
import { DigestScalar } from '../scalars/digest.scalar';
import { type RescanParts, rescanManifest } from '../../scan/queue/rescan-manifest';
import { scanOfManifest } from './scan-of-manifest';
import { ScanType, toVulnerabilityType, VulnerabilityConnection } from '../types/scan.type';
import type { ScanStore } from '../../scan/findings/scan.store';
import { Severity } from '../types/enums';
import { rankOf } from '../../tenancy/organizations/severity';

/** What the resolver works with. */
export interface ScanResolverParts extends RescanParts {
  readonly scanResults: ScanStore;
  /** There is work. */
  readonly pokeScanning: () => void;
}

/** Scans in GraphQL. */
@Resolver(() => ScanType)
export class ScanResolver {
  constructor(private readonly parts: ScanResolverParts) {}

  @FieldResolver(() => VulnerabilityConnection, {
    description: 'The worst first; `first` is 1 to 200. Errors: BAD_USER_INPUT.',
  })
  async vulnerabilities(
    @Root() { digest }: ScanType,
    @Ctx() { loaders }: RequestContext,
    @Arg('minimumSeverity', () => Severity, { nullable: true }) minimumSeverity: Severity | null | undefined,
    @Arg('fixableOnly', () => Boolean, { nullable: true, defaultValue: false }) fixableOnly: boolean | null,
    @Arg('first', () => Int, { nullable: true, defaultValue: 100 }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
  ): Promise<VulnerabilityConnection> {
    const { database, scanResults } = this.parts;
    const request = readPageRequest(first, after, ['number'], { fallback: 100 });
    const filter = { minimumSeverity: rankOf(minimumSeverity ?? 'UNKNOWN'), fixableOnly: fixableOnly ?? false };
    const page = await scanResults.findings(database.reader, digest, filter, request);
    const items = await Promise.all(
      page.items.map(async (row) => ({ row, advisory: await loaders.advisory.load(row.advisory) })),
    );
    return Object.assign(new VulnerabilityConnection(), {
      ...toConnection(
        { ...page, items },
        ({ row }) => [row.position],
        ({ row, advisory }) => toVulnerabilityType(row, advisory),
      ),
      count: () => scanResults.countFindings(database.reader, digest, filter),
    });
  }

  @Mutation(() => ScanType, {
    description:
      'Has an image scanned again from the beginning; of an index, its cached images. One that waits for layers, or has none, is left as it is. ' +
      'Errors: NOT_FOUND; CONFLICT where nothing is scanned.',
  })
  async rescanManifest(
    @Ctx() { viewer, loaders }: RequestContext,
    @Arg('organization', () => String) organization: string,
    @Arg('repository', () => String) repository: string,
    @Arg('digest', () => DigestScalar) digest: string,
  ): Promise<ScanType> {
    const manifest = await rescanManifest(this.parts, { organization, repository, digest }, actorOf(viewer));
    this.parts.pokeScanning();
    loaders.scan.clearAll();
    const scan = await scanOfManifest(manifest, loaders);
    if (scan === null) throw new ApiError('NOT_FOUND', 'None of the images of this index is cached.', 'digest');
    return scan;
  }
}
