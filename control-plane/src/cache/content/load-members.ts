import { isHeldReference } from '../../../../common/oci/held-role';
import type { ManifestRow } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { ManifestStore } from './manifest.store';
import type { ImageMember } from './load-images';

/**
 * Returns manifests with their own blobs, each on its own. For removals of a whole set, where the
 * indexes do not matter.
 */
export async function loadMembers(
  queries: Queries,
  manifests: ManifestStore,
  rows: readonly ManifestRow[],
): Promise<readonly ImageMember[]> {
  const blobs = new Map<number, Set<string>>(rows.map(({ id }) => [id, new Set()]));
  const references = await manifests.references(queries, [...blobs.keys()]);
  for (const { manifest_id, role, digest } of references)
    if (isHeldReference({ role })) blobs.get(manifest_id)?.add(digest);
  return rows.map((row) => ({
    row,
    repositoryId: row.repository_id,
    digest: row.digest,
    blobs: blobs.get(row.id)!,
  }));
}
