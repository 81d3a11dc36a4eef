import { type BlobRow, type OriginHoldingRow, Table } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import type { ContentStores } from '../content/content-stores';
import type { Queries } from '../../db/database';

/**
 * Counts the holders of these blobs and corrects wrong rows. Returns the digests of the corrected
 * rows. Locks the rows of the blobs, so that concurrent changes of holders wait or are counted.
 */
export async function recountHolders(
  queries: Queries,
  stores: ContentStores,
  digests: readonly string[],
  now: number,
): Promise<readonly string[]> {
  const changed: string[] = [];
  for (const part of chunks([...new Set(digests)].sort())) {
    const rows = (await queries<BlobRow>(Table.blobs)
      .whereIn('digest', part)
      .orderBy('digest')
      .forUpdate()) as BlobRow[];
    const counts = await countHolders(
      queries,
      rows.map(({ digest }) => digest),
    );
    for (const row of rows) {
      const holders = counts.get(row.digest) ?? 0;
      if (hasHolders(row, holders)) continue;
      await stores.blobs.setHolders(queries, row.digest, holders, now);
      changed.push(row.digest);
    }
  }
  return changed;
}

/** Returns whether a row has this number of holders. */
export function hasHolders(row: Pick<BlobRow, 'holders' | 'unheld_at'>, holders: number): boolean {
  return row.holders === holders && (row.unheld_at === null) === holders > 0;
}

async function countHolders(queries: Queries, digests: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = (await queries<OriginHoldingRow>(Table.originHoldings)
    .whereIn('digest', digests)
    .where((held) => held.where('state', 'HELD').orWhere('manifest_repositories', '>', 0))
    .groupBy('digest')
    .select('digest')
    .count({ n: '*' })) as unknown as { digest: string; n: number | string }[];
  return new Map(rows.map(({ digest, n }) => [digest, Number(n)]));
}
