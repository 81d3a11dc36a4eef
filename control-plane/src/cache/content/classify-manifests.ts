import { type ManifestReferenceRow, type ManifestRow, Table, type TagRow } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { BeforeCommitStep } from '../../db/transaction-hooks';

/** A manifest, identified by its repository and digest. */
export interface ManifestKey {
  readonly repositoryId: number;
  readonly digest: string;
}

/** A summary of the tag versions that point to a manifest. */
export interface TagSummary {
  /** Number of live versions. */
  readonly live: number;
  /** When the last ended version ended, in milliseconds since the epoch. 0 if none ended. */
  readonly lastEndedAt: number;
}

/** The place of a manifest in the eviction order. */
export type EvictionPlace = Pick<ManifestRow, 'eviction_class' | 'eviction_at'>;

/**
 * Updates the eviction order of manifests from their tags and parents at the time it runs. The
 * items are ids of manifests whose tags or parents changed. Unknown ids are ignored. TagStore and
 * ManifestStore register this step with every such change.
 */
export const CLASSIFICATION: BeforeCommitStep<number> = { name: 'classify manifests', run: classify };

async function classify(queries: Queries, ids: readonly number[]): Promise<void> {
  const rows = [...(await findManifests(queries, ids))].sort((a, b) => a.id - b.id);
  if (rows.length === 0) return;
  const keys = rows.map(({ repository_id, digest }) => ({ repositoryId: repository_id, digest }));
  const parents = new Set(
    (await findParents(queries, keys)).map(({ repository_id, digest }) => `${repository_id} ${digest}`),
  );
  const versions = await summarizeTags(
    queries,
    rows.map(({ id }) => id),
  );
  const placed = rows.map((row) => ({
    ...row,
    ...placeOf(row, parents.has(`${row.repository_id} ${row.digest}`), versions.get(row.id)),
  }));
  const moved = placed.filter((row, index) => !hasPlace(rows[index]!, row));
  await bulkInsert(queries, Table.manifests, moved, {
    kind: 'merge',
    key: ['id'],
    columns: { eviction_class: 'replace', eviction_at: 'replace' },
  });
}

/**
 * Returns the place of a manifest in the eviction order. `tags` is undefined if no tag ever pointed
 * to it.
 */
export function placeOf(
  row: Pick<ManifestRow, 'used_at'>,
  hasParent: boolean,
  tags: TagSummary | undefined,
): EvictionPlace {
  if (hasParent) return { eviction_class: null, eviction_at: row.used_at };
  if (tags === undefined) return { eviction_class: 2, eviction_at: row.used_at };
  if (tags.live > 0) return { eviction_class: 1, eviction_at: row.used_at };
  return { eviction_class: 0, eviction_at: tags.lastEndedAt };
}

/** Returns whether a manifest has this place. */
export function hasPlace(row: EvictionPlace, place: EvictionPlace): boolean {
  return row.eviction_class === place.eviction_class && row.eviction_at === place.eviction_at;
}

/** Returns the manifests with these ids, unordered. */
export async function findManifests(queries: Queries, ids: readonly number[]): Promise<readonly ManifestRow[]> {
  const rows: ManifestRow[] = [];
  for (const part of chunks(ids)) rows.push(...(await queries<ManifestRow>(Table.manifests).whereIn('id', part)));
  return rows;
}

/**
 * Returns the indexes of the same repository that name one of these manifests, with the named
 * digest.
 */
export async function findParents(
  queries: Queries,
  keys: readonly ManifestKey[],
): Promise<readonly Pick<ManifestReferenceRow, 'manifest_id' | 'repository_id' | 'digest'>[]> {
  const rows: Pick<ManifestReferenceRow, 'manifest_id' | 'repository_id' | 'digest'>[] = [];
  for (const part of chunks(keys))
    rows.push(
      ...(await queries<ManifestReferenceRow>(Table.manifestReferences)
        .whereIn(
          ['repository_id', 'digest'],
          part.map((key) => [key.repositoryId, key.digest]),
        )
        .where('role', 'CHILD')
        .select('manifest_id', 'repository_id', 'digest')),
    );
  return rows;
}

/**
 * Summarizes the tag versions that point to each manifest. Manifests without versions are left out.
 */
export async function summarizeTags(
  queries: Queries,
  manifestIds: readonly number[],
): Promise<ReadonlyMap<number, TagSummary>> {
  const found = new Map<number, TagSummary>();
  for (const part of chunks(manifestIds)) {
    const rows = (await queries<TagRow>(Table.tags)
      .whereIn('manifest_id', part)
      .groupBy('manifest_id')
      .select('manifest_id')
      .count({ live: 'live' })
      .max({ ended: 'ended_at' })) as unknown as {
      manifest_id: number;
      live: number | string;
      ended: number | string | null;
    }[];
    for (const row of rows) found.set(row.manifest_id, { live: Number(row.live), lastEndedAt: Number(row.ended ?? 0) });
  }
  return found;
}
