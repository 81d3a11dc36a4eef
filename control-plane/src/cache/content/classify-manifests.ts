import { type ManifestReferenceRow, type ManifestRow, Table, type TagRow } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { BeforeCommitStep } from '../../db/transaction-hooks';

/** A manifest, named by its repository and digest. */
export interface ManifestKey {
  readonly repositoryId: number;
  readonly digest: string;
}

/** Versions of tags that point at a manifest. */
export interface TagSummary {
  /** How many of them are live. */
  readonly live: number;
  /** When the last of the others ended, milliseconds since the epoch; 0 = none did. */
  readonly lastEndedAt: number;
}

/** The place of a manifest in the eviction order. */
export type EvictionPlace = Pick<ManifestRow, 'eviction_class' | 'eviction_at'>;

/**
 * Writes the places of manifests in the eviction order, from their tags and parents as they are when
 * it runs. The items are ids of manifests of which either changed; unknown ids are ignored. The
 * stores of tags and manifests register it with every such change.
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
 * Returns the place of a manifest in the eviction order. `tags` undefined: no tag points at it or
 * ever did.
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

/** Checks whether a manifest has that place. */
export function hasPlace(row: EvictionPlace, place: EvictionPlace): boolean {
  return row.eviction_class === place.eviction_class && row.eviction_at === place.eviction_at;
}

/** Returns the manifests with these ids, in no particular order. */
export async function findManifests(queries: Queries, ids: readonly number[]): Promise<readonly ManifestRow[]> {
  const rows: ManifestRow[] = [];
  for (const part of chunks(ids)) rows.push(...(await queries<ManifestRow>(Table.manifests).whereIn('id', part)));
  return rows;
}

/** Returns the indexes of the same repository that name one of these manifests, with the digest that they name. */
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

/** Summarizes the versions of tags that point at each manifest. Manifests without any are left out. */
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
