import { type BlobRow, Table } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { StoredCopies } from './store-copies';

/**
 * A difference between tables and stores. It may be temporary, because one of them learns of a
 * change before the other.
 */
export type Disagreement = 'BYTES_WITHOUT_ROW' | 'ROW_WITHOUT_BYTES' | 'WRONG_SIZE';

/** The sizes in bytes that holdings and manifests have for content. */
export type CountedSizes = ReadonlyMap<string, { readonly least: number; readonly most: number }>;

/**
 * Returns the difference between row and copies, or undefined if there is none. Content that is
 * being deleted has none.
 */
export function judgeContent(
  row: BlobRow | undefined,
  { digest, copies }: StoredCopies,
  counted: CountedSizes,
): Disagreement | undefined {
  if (row?.state === 'DELETING') return undefined;
  if (copies.length === 0) return row?.state === 'PRESENT' ? 'ROW_WITHOUT_BYTES' : undefined;
  if (row?.state !== 'PRESENT') return 'BYTES_WITHOUT_ROW';
  const { least, most } = counted.get(digest) ?? { least: row.size, most: row.size };
  const isRight = copies.every(({ size }) => size === row.size) && least === row.size && most === row.size;
  return isRight ? undefined : 'WRONG_SIZE';
}

/**
 * Returns the sizes that organizations count for these digests as used, and that repositories
 * record for them as manifests.
 */
export async function countedSizes(queries: Queries, digests: readonly string[]): Promise<CountedSizes> {
  const sizes = new Map<string, { least: number; most: number }>();
  for (const part of chunks(digests)) {
    const holdings = queries(Table.originHoldings)
      .whereIn('digest', part)
      .where((held) => held.where('state', 'HELD').orWhere('manifest_repositories', '>', 0));
    for (const query of [holdings, queries(Table.manifests).whereIn('digest', part)]) {
      const rows = (await query
        .groupBy('digest')
        .select('digest')
        .min({ least: 'size' })
        .max({ most: 'size' })) as unknown as { digest: string; least: number; most: number }[];
      for (const { digest, least, most } of rows) {
        const before = sizes.get(digest) ?? { least, most };
        sizes.set(digest, { least: Math.min(least, before.least), most: Math.max(most, before.most) });
      }
    }
  }
  return sizes;
}
