import { type ManifestRow, Table } from '../../../../schema/tables';
import { type EvictionPlace, hasPlace, placeOf } from '../../cache/content/classify-manifests';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import type { FsckParts } from '../parts/fsck-parts';
import { describeOrigin, underOrigin } from '../parts/origins';

/** Manifests read by one statement, and manifests repaired in one transaction. */
const PAGE = 500;
const STEP = 50;

/** A manifest with everything that determines its place in the order of eviction. */
interface PlacedManifest extends Pick<
  ManifestRow,
  'id' | 'digest' | 'origin_version' | 'created_at' | 'last_pulled_at' | 'used_at' | 'eviction_class' | 'eviction_at'
> {
  /** The origin of its repository; null if the repository does not exist. */
  readonly repository_origin: string | null;
  readonly repository: string | null;
  /** Number of indexes that name it. */
  readonly parents: number | string;
  readonly live_tags: number | string;
  readonly ended_tags: number | string;
  readonly last_ended_at: number | null;
}

type Place = Pick<ManifestRow, 'origin_version' | 'used_at'> & EvictionPlace;

/**
 * Checks that the repository of every manifest exists, and the manifest's place in the order of
 * eviction. A manifest and what determines its place are read by one statement, so that they are
 * consistent.
 */
export async function checkManifests(parts: FsckParts): Promise<void> {
  const { database, signal, progress } = parts;
  for (let after = 0; ;) {
    signal.throwIfAborted();
    const page = await read(database.reader, (query) => query.where('m.id', '>', after).orderBy('m.id').limit(PAGE));
    const wrong = page.filter((row) => row.repository_origin === null || !stands(row, rightPlace(row)));
    const byOrigin = new Map<string, PlacedManifest[]>();
    for (const row of wrong) {
      const version = row.repository_origin ?? row.origin_version;
      byOrigin.set(version, [...(byOrigin.get(version) ?? []), row]);
    }
    for (const [originVersion, rows] of byOrigin)
      for (const step of chunks(rows, STEP)) await settle(parts, originVersion, step);
    progress.advance(page.length);
    if (page.length < PAGE) return;
    after = page.at(-1)!.id;
  }
}

async function settle(parts: FsckParts, originVersion: string, seen: readonly PlacedManifest[]): Promise<void> {
  const { database, stores, options, report } = parts;
  const origin = await describeOrigin(database.reader, originVersion);
  const ids = seen.map(({ id }) => id);
  if (options.repair)
    await underOrigin(parts, origin, async (queries) => {
      const rows = await read(queries, (query) => query.whereIn('m.id', ids));
      const homeless = rows.filter((row) => row.repository_origin === null).map(({ id }) => id);
      const tags = await stores.tags.findByManifests(queries, homeless);
      await stores.tags.delete(queries, tags);
      await stores.manifests.delete(queries, homeless);
      for (const row of rows)
        if (row.repository_origin !== null && !stands(row, rightPlace(row)))
          await queries<ManifestRow>(Table.manifests).where('id', row.id).update(rightPlace(row));
    });
  for (const row of seen) {
    const place = rightPlace(row);
    const about = { digest: row.digest, organization: origin.organization, repaired: options.repair };
    if (row.repository_origin === null)
      report.add({ ...about, kind: 'BROKEN_LINK', message: 'the repository of this manifest does not exist' });
    else if (row.origin_version !== row.repository_origin)
      report.add({
        ...about,
        kind: 'BROKEN_LINK',
        message: `this manifest is recorded under another upstream than its repository ${row.repository}`,
      });
    else
      report.add({
        ...about,
        kind: 'EVICTION_PLACE',
        message: `in repository ${row.repository} its eviction order is ${describe(row)} instead of ${describe(place)}`,
      });
  }
}

async function read(
  queries: Queries,
  narrow: (query: ReturnType<Queries>) => ReturnType<Queries>,
): Promise<readonly PlacedManifest[]> {
  const query = queries(`${Table.manifests} as m`)
    .leftJoin(`${Table.repositories} as r`, 'r.id', 'm.repository_id')
    .select(
      'm.id',
      'm.digest',
      'm.origin_version',
      'm.created_at',
      'm.last_pulled_at',
      'm.used_at',
      'm.eviction_class',
      'm.eviction_at',
      'r.origin_version as repository_origin',
      'r.name as repository',
      queries.raw(
        `(SELECT COUNT(*) FROM manifest_references x JOIN manifests i ON i.id = x.manifest_id
          WHERE x.repository_id = m.repository_id AND x.digest = m.digest AND x.role = 'CHILD') AS parents`,
      ),
      queries.raw('(SELECT COUNT(*) FROM tags t WHERE t.manifest_id = m.id AND t.live = 1) AS live_tags'),
      queries.raw('(SELECT COUNT(*) FROM tags t WHERE t.manifest_id = m.id AND t.live IS NULL) AS ended_tags'),
      queries.raw('(SELECT MAX(t.ended_at) FROM tags t WHERE t.manifest_id = m.id) AS last_ended_at'),
    );
  return (await narrow(query)) as PlacedManifest[];
}

function rightPlace(row: PlacedManifest): Place {
  const used_at = Math.max(row.used_at, row.created_at, row.last_pulled_at ?? 0);
  const live = Number(row.live_tags);
  const tags = live + Number(row.ended_tags) > 0 ? { live, lastEndedAt: row.last_ended_at ?? 0 } : undefined;
  return {
    origin_version: row.repository_origin ?? row.origin_version,
    used_at,
    ...placeOf({ used_at }, Number(row.parents) > 0, tags),
  };
}

function stands(row: PlacedManifest, place: Place): boolean {
  return row.origin_version === place.origin_version && row.used_at === place.used_at && hasPlace(row, place);
}

function describe({ used_at, eviction_class, eviction_at }: Place): string {
  const time = (at: number): string => new Date(at).toISOString();
  return `class ${eviction_class ?? 'none'} at ${time(eviction_at)}, last used ${time(used_at)}`;
}
