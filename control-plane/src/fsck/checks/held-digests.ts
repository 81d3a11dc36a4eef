import { isHeldReference } from '../../../../common/oci/held-role';
import { type ManifestRow, type OriginHoldingRow, type RepositoryRow, Table } from '../../../../schema/tables';
import type { ContentStores } from '../../cache/content/content-stores';
import type { Queries } from '../../db/database';

/** Digests, or manifests with their references, in one read. */
const PAGE = 400;
const MANIFESTS = 100;

/** Digests of an origin to check. */
export interface DigestPage {
  readonly digests: readonly string[];
  /** If true, something about them is wrong, unless it changed between two reads. */
  readonly isSuspect: boolean;
  /** Rows that were read for them. */
  readonly count: number;
}

/**
 * Yields every digest that may belong to an origin, in pages: digests with a row of the origin,
 * digests that only have rows of repositories, and digests that manifests need but that have no
 * row.
 */
export async function* heldDigests(
  queries: Queries,
  stores: ContentStores,
  originVersion: string,
): AsyncGenerator<DigestPage, void, undefined> {
  yield* originDigests(queries, originVersion);
  yield* repositoryDigests(queries, originVersion);
  yield* neededDigests(queries, stores, originVersion);
}

async function* originDigests(queries: Queries, originVersion: string): AsyncGenerator<DigestPage, void, undefined> {
  for (let after = ''; ;) {
    const rows: { digest: string }[] = await queries<OriginHoldingRow>(Table.originHoldings)
      .where('origin_version', originVersion)
      .where('digest', '>', after)
      .orderBy('digest')
      .limit(PAGE)
      .select('digest');
    if (rows.length > 0) yield { digests: rows.map(({ digest }) => digest), isSuspect: false, count: rows.length };
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.digest;
  }
}

async function* repositoryDigests(
  queries: Queries,
  originVersion: string,
): AsyncGenerator<DigestPage, void, undefined> {
  for (let after = ''; ;) {
    // Reads a few hundred digests at a time, so that no statement takes long.
    const rows: { digest: string }[] = await queries(Table.repositoryHoldings)
      .where('origin_version', originVersion)
      .where('digest', '>', after)
      .distinct('digest')
      .orderBy('digest')
      .limit(PAGE);
    const digests = rows.map(({ digest }) => digest);
    const known = new Set(
      (
        (await queries<OriginHoldingRow>(Table.originHoldings)
          .where('origin_version', originVersion)
          .whereIn('digest', digests)
          .select('digest')) as { digest: string }[]
      ).map(({ digest }) => digest),
    );
    yield { digests: digests.filter((digest) => !known.has(digest)), isSuspect: true, count: 0 };
    if (rows.length < PAGE) return;
    after = digests.at(-1)!;
  }
}

async function* neededDigests(
  queries: Queries,
  stores: ContentStores,
  originVersion: string,
): AsyncGenerator<DigestPage, void, undefined> {
  for (let id = 0; ;) {
    const repository = await queries<RepositoryRow>(Table.repositories)
      .where('origin_version', originVersion)
      .where('id', '>', id)
      .orderBy('id')
      .first<{ id: number } | undefined>('id');
    if (repository === undefined) return;
    id = repository.id;
    for (let after = ''; ;) {
      const manifests: Pick<ManifestRow, 'id' | 'digest'>[] = await queries<ManifestRow>(Table.manifests)
        .where('repository_id', id)
        .where('digest', '>', after)
        .orderBy('digest')
        .limit(MANIFESTS)
        .select('id', 'digest');
      const references = await stores.manifests.references(
        queries,
        manifests.map((manifest) => manifest.id),
      );
      const digests = [
        ...manifests.map(({ digest }) => digest),
        ...references.filter(isHeldReference).map(({ digest }) => digest),
      ];
      const holdings = await stores.holdings.find(queries, originVersion, digests);
      const rest = digests.filter((digest) => !holdings.has(digest));
      const parts = await stores.holdings.allParts(queries, originVersion, rest);
      const known = new Set(parts.map(({ digest }) => digest));
      yield {
        digests: [...new Set(rest.filter((digest) => !known.has(digest)))],
        isSuspect: true,
        count: manifests.length,
      };
      if (manifests.length < MANIFESTS) break;
      after = manifests.at(-1)!.digest;
    }
  }
}
