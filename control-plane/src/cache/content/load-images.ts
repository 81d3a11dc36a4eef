import { isHeldReference } from '../../../../common/oci/held-role';
import type { ManifestReferenceRow, ManifestRow } from '../../../../schema/tables';
import type { Queries } from '../../db/database';
import type { ReleasedContent } from '../holdings/manifest-content';
import type { ManifestKey, TagSummary } from './classify-manifests';
import type { ManifestStore } from './manifest.store';
import type { TagStore } from './tag.store';

/** A manifest with its blobs. */
export interface ImageMember extends ReleasedContent {
  readonly row: ManifestRow;
  readonly blobs: ReadonlySet<string>;
}

/** A held child of an index. */
export interface HeldChild {
  readonly row: ManifestRow;
  /** Ids of all indexes that name it. */
  readonly parents: readonly number[];
  /** undefined if no tag ever pointed to it. */
  readonly tags: TagSummary | undefined;
}

/**
 * Content that is removed together: a manifest and, for an index, the children that nothing else
 * needs.
 */
export interface CachedImage {
  readonly root: ManifestRow;
  readonly members: readonly ImageMember[];
  /**
   * Children of the members that stay: a tag or another index names them, or `keep` contains them.
   */
  readonly staying: readonly HeldChild[];
}

/** Maximum depth of nested indexes (docs/design/pull-semantics.md#manifest-limits). */
const MAX_DEPTH = 4;

/**
 * Returns the images of these manifests, in the same order. Needs a few queries per level,
 * independent of the number of manifests. `keep` contains the ids of manifests that stay.
 */
export async function loadImages(
  queries: Queries,
  stores: { readonly manifests: ManifestStore; readonly tags: TagStore },
  roots: readonly ManifestRow[],
  keep: ReadonlySet<number> = new Set(),
): Promise<readonly CachedImage[]> {
  const images = roots.map((root) => ({ root, rows: [root], staying: new Map<number, HeldChild>() }));
  const references = new Map<number, readonly ManifestReferenceRow[]>();
  let level = images.map((image) => ({ image, row: image.root }));
  for (let depth = 0; level.length > 0; depth += 1) {
    const known = new Set(level.map(({ row }) => row.id));
    for (const id of known) references.set(id, []);
    for (const reference of await stores.manifests.references(queries, [...known]))
      references.set(reference.manifest_id, [...references.get(reference.manifest_id)!, reference]);
    if (depth === MAX_DEPTH) break;
    const wanted = level.flatMap(({ image, row }) =>
      references
        .get(row.id)!
        .filter(({ role }) => role === 'CHILD')
        .map(({ repository_id, digest }) => ({ image, key: { repositoryId: repository_id, digest } })),
    );
    const children = await childrenOf(
      queries,
      stores,
      wanted.map(({ key }) => key),
    );
    level = [];
    for (const { image, key } of wanted) {
      const child = children.get(`${key.repositoryId} ${key.digest}`);
      if (child === undefined || image.rows.includes(child.row)) continue;
      const own = new Set(image.rows.map(({ id }) => id));
      const isOwn = child.tags === undefined && child.parents.every((id) => own.has(id)) && !keep.has(child.row.id);
      if (!isOwn) {
        image.staying.set(child.row.id, child);
        continue;
      }
      image.staying.delete(child.row.id);
      image.rows.push(child.row);
      level.push({ image, row: child.row });
    }
  }
  return images.map(({ root, rows, staying }) => ({
    root,
    staying: [...staying.values()],
    members: rows.map((row) => ({
      row,
      repositoryId: row.repository_id,
      digest: row.digest,
      blobs: new Set((references.get(row.id) ?? []).filter(isHeldReference).map(({ digest }) => digest)),
    })),
  }));
}

/** Returns held children by repository and digest, with all their parents and tags. */
async function childrenOf(
  queries: Queries,
  { manifests, tags }: { readonly manifests: ManifestStore; readonly tags: TagStore },
  keys: readonly ManifestKey[],
): Promise<ReadonlyMap<string, HeldChild>> {
  if (keys.length === 0) return new Map();
  const rows = await manifests.findMany(queries, keys);
  const tagged = await tags.summaries(
    queries,
    rows.map(({ id }) => id),
  );
  const parents = new Map<string, number[]>();
  for (const parent of await manifests.parents(
    queries,
    rows.map(({ repository_id, digest }) => ({ repositoryId: repository_id, digest })),
  )) {
    const key = `${parent.repository_id} ${parent.digest}`;
    parents.set(key, [...(parents.get(key) ?? []), parent.manifest_id]);
  }
  return new Map(
    rows.map((row) => {
      const key = `${row.repository_id} ${row.digest}`;
      return [key, { row, parents: parents.get(key) ?? [], tags: tagged.get(row.id) }];
    }),
  );
}
