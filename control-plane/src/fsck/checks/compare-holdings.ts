import type { ContentStores } from '../../cache/content/content-stores';
import type { Queries } from '../../db/database';
import { type Holding, RESERVED_MS } from '../../cache/holdings/holding';
import { NO_RIGHTS } from '../../cache/proofs/proof.store';
import type { RepositoryHolding } from '../../cache/holdings/holdings.store';
import { type CountedHolding, countHoldings } from './count-holdings';

/**
 * How much longer than a new reservation a reservation may last, in milliseconds, because clocks
 * differ.
 */
const SLACK_MS = 3_600_000;

/** The differences between the rows of a digest and what they should be. */
export interface HoldingFault {
  readonly digest: string;
  /** Wrong rows of repositories. `expected` is undefined if there should be no row. */
  readonly parts: readonly {
    readonly repositoryId: number;
    readonly found: RepositoryHolding | undefined;
    readonly expected: RepositoryHolding | undefined;
  }[];
  /** The row of the origin, if it is wrong. */
  readonly holding:
    { readonly found: Holding | undefined; readonly expected: Holding | undefined; readonly why: string } | undefined;
}

/**
 * Compares the holdings of an origin with its manifests and returns the differences. The result is
 * consistent only if nobody changes the origin at the same time. Sizes of stored content are not
 * compared, because the stored bytes decide them.
 */
export async function compareHoldings(
  queries: Queries,
  stores: ContentStores,
  originVersion: string,
  digests: readonly string[],
  now: number,
): Promise<readonly HoldingFault[]> {
  const counted = await countHoldings(queries, originVersion, digests);
  const holdings = await stores.holdings.find(queries, originVersion, digests);
  const rows = await stores.holdings.allParts(queries, originVersion, digests);
  const partsOf = new Map<string, RepositoryHolding[]>();
  for (const part of rows) partsOf.set(part.digest, [...(partsOf.get(part.digest) ?? []), part]);
  const missing = digests.filter((digest) => counted.has(digest) && !holdings.has(digest));
  const present = await provenSizes(queries, stores, originVersion, missing);
  return [...new Set(digests)].flatMap((digest) => {
    const count = counted.get(digest);
    const parts = compareParts(digest, count, partsOf.get(digest) ?? []);
    const found = holdings.get(digest);
    const expected = expectedHolding(digest, count, found, present.get(digest), now);
    const why = difference(found, expected);
    if (parts.length === 0 && why === undefined) return [];
    return [{ digest, parts, holding: why === undefined ? undefined : { found, expected, why } }];
  });
}

/** Returns the sizes of digests that are in the store and proven for the organization. */
async function provenSizes(
  queries: Queries,
  stores: ContentStores,
  originVersion: string,
  digests: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rights = (await stores.origins.rightsOf(queries, [originVersion])).get(originVersion) ?? NO_RIGHTS;
  const present = await stores.blobs.present(queries, digests);
  const proven = await stores.proofs.provenTo(queries, rights, present.keys());
  return new Map([...present].filter(([digest]) => proven.has(digest)));
}

function compareParts(
  digest: string,
  count: CountedHolding | undefined,
  rows: readonly RepositoryHolding[],
): HoldingFault['parts'] {
  const found = new Map(rows.map((row) => [row.repositoryId, row]));
  const expected = new Map(
    [...(count?.parts ?? [])].map(([repositoryId, part]) => [repositoryId, { repositoryId, digest, ...part }]),
  );
  return [...new Set([...found.keys(), ...expected.keys()])]
    .map((repositoryId) => ({
      repositoryId,
      found: found.get(repositoryId),
      expected: expected.get(repositoryId),
    }))
    .filter(
      (part) => part.found?.isManifest !== part.expected?.isManifest || part.found?.namedBy !== part.expected?.namedBy,
    );
}

function expectedHolding(
  digest: string,
  count: CountedHolding | undefined,
  found: Holding | undefined,
  presentSize: number | undefined,
  now: number,
): Holding | undefined {
  if (count === undefined) return undefined;
  const parts = [...count.parts.values()];
  const counts = {
    digest,
    manifestRepositories: parts.filter(({ isManifest }) => isManifest).length,
    blobRepositories: parts.filter(({ namedBy }) => namedBy > 0).length,
  };
  const declared = count.manifestSize ?? count.declared?.most ?? 0;
  if (counts.manifestRepositories > 0 || found?.state === 'HELD')
    return { ...counts, size: found?.size ?? declared, state: 'HELD', reservedUntil: undefined };
  // Content without a row counts nothing until it arrives, unless it is proven.
  if (found === undefined)
    return {
      ...counts,
      size: presentSize ?? declared,
      state: presentSize === undefined ? 'LAPSED' : 'HELD',
      reservedUntil: undefined,
    };
  if (found.state !== 'RESERVED') return { ...counts, size: found.size, state: 'LAPSED', reservedUntil: undefined };
  const { size, reservedUntil } = found;
  const { least, most } = count.declared ?? { least: size, most: size };
  return {
    ...counts,
    size: size < least || size > most ? most : size,
    state: 'RESERVED',
    // For a reservation without an end, or with one too far in the future, the collector ends it
    // after checking the stores.
    reservedUntil: reservedUntil === undefined || reservedUntil > now + RESERVED_MS + SLACK_MS ? now : reservedUntil,
  };
}

function difference(found: Holding | undefined, expected: Holding | undefined): string | undefined {
  if (found === undefined && expected === undefined) return undefined;
  if (found === undefined) return 'it is needed, but has no row';
  if (expected === undefined) return 'it has a row, but nothing needs it';
  const fields = ['manifestRepositories', 'blobRepositories', 'state', 'size', 'reservedUntil'] as const;
  const wrong = fields.filter((field) => found[field] !== expected[field]);
  if (wrong.length === 0) return undefined;
  return wrong
    .map((field) => `${NAMES[field]} ${found[field] ?? 'none'} instead of ${expected[field] ?? 'none'}`)
    .join(', ');
}

const NAMES = {
  manifestRepositories: 'repositories that have it as manifest:',
  blobRepositories: 'repositories that need it as blob:',
  state: 'state',
  size: 'size',
  reservedUntil: 'reserved until',
};
