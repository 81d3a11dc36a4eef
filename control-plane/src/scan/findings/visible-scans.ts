import type { ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import { type HoldsAllBlobs, HOLDS_ALL_BLOBS, provenAmong } from '../../cache/arrivals/proven-manifests';
import type { ContentStores } from '../../cache/content/content-stores';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';

/**
 * The scan of a manifest as its organization may see it: `scan` is undefined if there is none. An
 * organization for which the image is not proven may not see whether there is one.
 */
export type VisibleScan =
  { readonly isProven: true; readonly scan: ScanRow | undefined } | { readonly isProven: false };

/** A column of a scan is null if there is no scan. */
type Joined = HoldsAllBlobs & (ScanRow | { readonly [Column in keyof ScanRow]: null });

/**
 * Returns the scans of these manifests by manifest id. They are read together with what decides
 * whether the organization may see them, because pages show both for many manifests.
 */
export async function visibleScans(
  queries: Queries,
  stores: Pick<ContentStores, 'origins' | 'proofs'>,
  manifestIds: readonly number[],
): Promise<ReadonlyMap<number, VisibleScan>> {
  const rows: Joined[] = [];
  for (const part of chunks(manifestIds))
    rows.push(
      ...((await queries(`${Table.manifests} as m`)
        .leftJoin(`${Table.scans} as s`, 's.digest', 'm.digest')
        .whereIn('m.id', [...part])
        .select('s.*', { id: 'm.id', holds_all_blobs: queries.raw(HOLDS_ALL_BLOBS) })) as Joined[]),
    );
  const proven = await provenAmong(queries, stores, rows);
  return new Map(
    rows.map((row) => [
      row.id,
      proven.has(row.id) ? { isProven: true, scan: row.digest === null ? undefined : row } : { isProven: false },
    ]),
  );
}
