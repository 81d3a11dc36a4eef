import type { ScanFindingRow } from '../../../../schema/scan-tables';
import { type ManifestRow, Table } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import { type Page, type PageRequest, toPage } from '../../db/page';
import { type HoldsAllBlobs, HOLDS_ALL_BLOBS, provenAmong } from '../../cache/arrivals/proven-manifests';
import type { ContentStores } from '../../cache/content/content-stores';
import { LIVE } from '../../cache/content/live-repositories';

/**
 * Maximum number of digests that are read in one step. More if the result is narrowed to one
 * organization, because most digests may belong to others.
 */
const DIGESTS = 100;
const DIGESTS_OF_ALL = 1000;

/** The stores that know which images are proven. */
type ProvingStores = Pick<ContentStores, 'origins' | 'proofs'>;

/**
 * Returns a page of the cached images with a vulnerability, sorted by digest, with one row for each
 * repository that holds an image. Only repositories whose organization got all bytes of the image
 * at some time count: the findings of the others tell of bytes that they have no proof for.
 *
 * The key is (digest, id). `organizationUid` narrows the result to one organization. Digests are
 * read in steps from the index of findings by name, and their holders afterwards: with a single
 * statement, MariaDB would start with everything that the organization holds.
 */
export async function affectedImages(
  queries: Queries,
  stores: ProvingStores,
  vulnerability: string,
  organizationUid: string | undefined,
  request: PageRequest,
): Promise<Page<ManifestRow>> {
  const [afterDigest, afterId] = request.after === undefined ? ['', 0] : (request.after as [string, number]);
  const found: ManifestRow[] = [];
  const most = organizationUid === undefined ? DIGESTS : DIGESTS_OF_ALL;
  // Usually every digest gives a row.
  let step = Math.min(request.first + 1, most);
  for (let from = afterDigest, inclusive = true; found.length <= request.first;) {
    const digests = await affectedDigests(queries, vulnerability, from, inclusive, step);
    if (digests.length > 0) {
      const rows = await heldBy(queries, stores, digests, organizationUid);
      found.push(...rows.filter(({ digest, id }) => digest > afterDigest || (digest === afterDigest && id > afterId)));
    }
    if (digests.length < step) break;
    from = digests.at(-1)!;
    inclusive = false;
    step = Math.min(step * 4, most);
  }
  return toPage(found, request.first);
}

/** Returns the total number of rows of {@link affectedImages}. */
export async function countAffectedImages(
  queries: Queries,
  stores: ProvingStores,
  vulnerability: string,
  organizationUid: string | undefined,
): Promise<number> {
  const affected = queries(Table.scanFindings).where('vulnerability', vulnerability).distinct('digest').as('f');
  const query = queries
    .from(affected)
    .join(`${Table.manifests} as m`, 'm.digest', 'f.digest')
    .join(`${Table.repositories} as r`, 'r.id', 'm.repository_id')
    .whereRaw(LIVE);
  if (organizationUid !== undefined) void query.where('r.organization_uid', organizationUid);
  const [complete] = (await query.clone().whereRaw(HOLDS_ALL_BLOBS).count({ n: '*' })) as { n: number | string }[];
  // Whether an image is proven is the same for all repositories of an origin.
  const others = (await query
    .whereRaw(`NOT (${HOLDS_ALL_BLOBS})`)
    .groupBy('m.origin_version', 'm.digest')
    .min({ id: 'm.id' })
    .count({ n: '*' })) as unknown as { id: number; n: number | string }[];
  const incomplete = others.map((row) => ({ ...row, holds_all_blobs: 0 as const }));
  const proven = await provenAmong(queries, stores, incomplete);
  return incomplete
    .filter(({ id }) => proven.has(id))
    .reduce((total, { n }) => total + Number(n), Number(complete?.n ?? 0));
}

async function affectedDigests(
  queries: Queries,
  vulnerability: string,
  from: string,
  inclusive: boolean,
  limit: number,
): Promise<readonly string[]> {
  const rows = await queries<ScanFindingRow>(Table.scanFindings)
    .where('vulnerability', vulnerability)
    .where('digest', inclusive ? '>=' : '>', from)
    .orderBy('digest')
    .limit(limit)
    .distinct<{ digest: string }[]>('digest');
  return rows.map(({ digest }) => digest);
}

async function heldBy(
  queries: Queries,
  stores: ProvingStores,
  digests: readonly string[],
  organizationUid: string | undefined,
): Promise<readonly ManifestRow[]> {
  const query = queries(`${Table.manifests} as m`)
    .join(`${Table.repositories} as r`, 'r.id', 'm.repository_id')
    .whereIn('m.digest', [...digests])
    .whereRaw(LIVE)
    .orderBy(['m.digest', 'm.id'])
    .select('m.*', { holds_all_blobs: queries.raw(HOLDS_ALL_BLOBS) });
  if (organizationUid !== undefined) void query.where('r.organization_uid', organizationUid);
  const rows = (await query) as (ManifestRow & HoldsAllBlobs)[];
  const proven = await provenAmong(queries, stores, rows);
  return rows.filter(({ id }) => proven.has(id));
}
