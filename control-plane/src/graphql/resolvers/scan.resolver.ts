import { Arg, Ctx, FieldResolver, Int, Mutation, Resolver, Root } from 'type-graphql';
import { actorOf } from '../../tenancy/tokens/viewer';
import { ApiError } from '../../errors/api-error';
import type { GraphqlContext } from '../request/context';
import { readPageRequest, toConnection } from '../types/pagination';
import { DigestScalar } from '../scalars/digest.scalar';
import { type RescanParts, rescanManifest } from '../../scan/queue/rescan-manifest';
import { scanOfManifest } from './scan-of-manifest';
import { ScanType, toVulnerabilityType, VulnerabilityConnection } from '../types/scan.type';
import type { ScanStore } from '../../scan/findings/scan.store';
import { Severity } from '../types/enums';
import { rankOf } from '../../tenancy/organizations/severity';

/** Dependencies of {@link ScanResolver}. */
export interface ScanResolverParts extends RescanParts {
  readonly scanResults: ScanStore;
  /** Wakes the scan worker because new scans are due. */
  readonly pokeScanning: () => void;
}

/** Resolves scans and requests rescans. */
@Resolver(() => ScanType)
export class ScanResolver {
  constructor(private readonly parts: ScanResolverParts) {}

  @FieldResolver(() => VulnerabilityConnection, {
    description: 'The findings, most severe first. `first` is 1 to 200. Errors: BAD_USER_INPUT.',
  })
  async vulnerabilities(
    @Root() { digest: scanned, reportedAt }: ScanType,
    @Ctx() { loaders }: GraphqlContext,
    @Arg('minimumSeverity', () => Severity, { nullable: true }) minimumSeverity: Severity | null | undefined,
    @Arg('fixableOnly', () => Boolean, { nullable: true, defaultValue: false }) fixableOnly: boolean | null,
    @Arg('first', () => Int, { nullable: true, defaultValue: 100 }) first: number | null,
    @Arg('after', () => String, { nullable: true }) after: string | null | undefined,
  ): Promise<VulnerabilityConnection> {
    const { database, scanResults } = this.parts;
    const request = readPageRequest(first, after, ['number'], { fallback: 100 });
    // A scan without a report is not visible to the organization, or has no findings.
    const digest = reportedAt === null ? '' : scanned;
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
      'Queues an image for a new scan; for an index, queues its cached images. Images that wait ' +
      'for layers, or have none, are not changed. Errors: NOT_FOUND; CONFLICT if scanning is ' +
      'off.',
  })
  async rescanManifest(
    @Ctx() { viewer, loaders }: GraphqlContext,
    @Arg('organization', () => String) organization: string,
    @Arg('repository', () => String) repository: string,
    @Arg('digest', () => DigestScalar) digest: string,
  ): Promise<ScanType> {
    const manifest = await rescanManifest(this.parts, { organization, repository, digest }, actorOf(viewer));
    this.parts.pokeScanning();
    loaders.scan.clearAll();
    const scan = await scanOfManifest(manifest, loaders);
    if (scan === null) throw new ApiError('NOT_FOUND', `No image of index ${digest} is cached.`, 'digest');
    return scan;
  }
}
