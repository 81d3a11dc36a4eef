import type { ManifestRow } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { ManifestStore } from './manifest.store';
import type { TagStore, TagSummary } from './tag.store';

/**
 * Puts manifests in their place in the order in which they leave, from their tags and parents as they are now. To be called in
 * the transaction that changed either, with the ids of every manifest that it may concern. Unknown ids are left out.
 */
export async function classifyManifests(
  queries: Queries,
  stores: { readonly manifests: ManifestStore; readonly tags: TagStore },
  ids: readonly number[],
): Promise<void> {
  const rows = [...(await stores.manifests.findByIds(queries, [...new Set(ids)]))].sort((a, b) => a.id - b.id);
  if (rows.length === 0) return;
  const parents = new Set(
    (
      await stores.manifests.parents(
        queries,
        rows.map(({ repository_id, digest }) => ({ repositoryId: repository_id, digest })),
      )
    ).map(({ repository_id, digest }) => `${repository_id} ${digest}`),
  );
  const versions = await stores.tags.summaries(
    queries,
    rows.map(({ id }) => id),
  );
  const placed = rows.map((row) => ({
    ...row,
    ...placeOf(row, parents.has(`${row.repository_id} ${row.digest}`), versions.get(row.id)),
  }));
  await stores.manifests.classify(
    queries,
    placed.filter(
      (row, index) =>
        row.eviction_class !== rows[index]!.eviction_class || row.eviction_at !== rows[index]!.eviction_at,
    ),
  );
}

/** The place of a manifest in that order; `tags` undefined = no tag points at it, nor did. */
export function placeOf(
  row: ManifestRow,
  hasParent: boolean,
  tags: TagSummary | undefined,
): Pick<ManifestRow, 'eviction_class' | 'eviction_at'> {
  if (hasParent) return { eviction_class: null, eviction_at: row.used_at };
  if (tags === undefined) return { eviction_class: 2, eviction_at: row.used_at };
  if (tags.live > 0) return { eviction_class: 1, eviction_at: row.used_at };
  return { eviction_class: 0, eviction_at: tags.lastEndedAt };
}
