import { type ManifestRow, Table } from '../../../../schema/tables';
import type { BlobRowStore } from '../../cache/holdings/blob.store';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { ManifestStore } from '../../cache/content/manifest.store';

/** The stores that {@link wholeImages} reads. */
export interface WholeImageStores {
  readonly manifests: ManifestStore;
  readonly blobs: BlobRowStore;
}

/**
 * Returns the digests of the manifests whose config and layers are all stored, no matter which
 * origins hold them. Manifests that nobody holds are left out.
 */
export async function wholeImages(
  queries: Queries,
  { manifests, blobs }: WholeImageStores,
  digests: readonly string[],
): Promise<ReadonlySet<string>> {
  const ids = new Map<number, string>();
  for (const part of chunks(digests)) {
    // All rows of a digest name the same blobs, so one of them is enough.
    const rows = (await queries<ManifestRow>(Table.manifests)
      .whereIn('digest', part)
      .groupBy('digest')
      .select('digest')
      .min({ id: 'id' })) as unknown as { digest: string; id: number | string }[];
    for (const row of rows) ids.set(Number(row.id), row.digest);
  }
  const references = await manifests.references(queries, [...ids.keys()]);
  const named = references.filter(({ role }) => role === 'LAYER' || role === 'CONFIG');
  const present = await blobs.present(
    queries,
    named.map(({ digest }) => digest),
  );
  const lacking = new Set(named.filter(({ digest }) => !present.has(digest)).map(({ manifest_id }) => manifest_id));
  return new Set([...ids].filter(([id]) => !lacking.has(id)).map(([, digest]) => digest));
}
