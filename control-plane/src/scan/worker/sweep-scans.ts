import { setImmediate as nextTurn } from 'node:timers/promises';
import { MediaType } from '../../../../common/oci/media-types';
import type { ScanDeletionRow, ScanRow } from '../../../../schema/scan-tables';
import { type ManifestRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import type { Database } from '../../db/database';
import { hasImageLayers } from '../queue/image-layers';
import type { ScanParts } from './scan-parts';
import { newScanRow } from '../queue/scan-row';
import { wholeImages } from '../queue/whole-images';
import { LIVE } from '../../cache/content/live-repositories';

type Parts = Pick<ScanParts, 'database' | 'stores' | 'clock'>;

/** Ids or rows in one step. */
const STEP = 1000;
/** Waiting images in one step. */
const WAITING_STEP = 200;
/** How long unused advisories are kept, in milliseconds. */
const ADVISORIES_MS = 7 * 86_400_000;

/**
 * Queues images that wait for layers and that an organization holds completely. Returns the digest
 * to continue after, or '' to start again.
 */
export async function sweepWaiting({ database, stores, clock }: Parts, after: string): Promise<string> {
  const rows = await database
    .reader<ScanRow>(Table.scans)
    .where('state', 'WAITING_FOR_LAYERS')
    .where('digest', '>', after)
    .orderBy('digest')
    .limit(WAITING_STEP)
    .select('digest');
  const digests = rows.map(({ digest }) => digest);
  const whole = [...(await wholeImages(database.reader, digests))];
  if (whole.length > 0) await database.transaction((queries) => stores.scans.queueWhole(queries, whole, clock.now()));
  return rows.length === WAITING_STEP ? digests.at(-1)! : '';
}

/**
 * Creates rows for manifests without one: content that was cached while scanning was off, or
 * admitted during a concurrent removal. Returns their number.
 */
export async function sweepUnknown({ database, stores, clock }: Parts, stopped: () => boolean): Promise<number> {
  const [last] = (await database.reader(Table.manifests).max({ id: 'id' })) as { id: number | string | null }[];
  let made = 0;
  for (let after = 0; after < Number(last?.id ?? 0) && !stopped(); after += STEP) {
    const rows = (await database
      .reader(`${Table.manifests} as m`)
      .join(`${Table.repositories} as r`, 'r.id', 'm.repository_id')
      .leftJoin(`${Table.scans} as s`, 's.digest', 'm.digest')
      .where('m.id', '>', after)
      .where('m.id', '<=', after + STEP)
      .whereRaw(LIVE)
      .whereNull('s.digest')
      .whereNotIn('m.media_type', [MediaType.ociIndex, MediaType.dockerManifestList])
      .select({ id: 'm.id', digest: 'm.digest' })) as Pick<ManifestRow, 'id' | 'digest'>[];
    if (rows.length > 0) {
      await createRows({ database, stores, clock }, rows);
      made += rows.length;
    }
    // SQLite statements are synchronous: other work gets a turn between two steps.
    await nextTurn();
  }
  return made;
}

/** Notes manifests that nobody holds any more, so that their reports in Clair are deleted. */
export async function sweepOrphans({ database, stores, clock }: Parts, stopped: () => boolean): Promise<void> {
  for (let after = '', more = true; more && !stopped();) {
    const rows = await page(database, after);
    const digests = rows.map(({ digest }) => digest);
    const held = await database
      .reader<ManifestRow>(Table.manifests)
      .whereIn('digest', digests)
      .distinct<{ digest: string }[]>('digest');
    const noted = await database
      .reader<ScanDeletionRow>(Table.scanDeletions)
      .whereIn('digest', digests)
      .select('digest');
    const known = new Set([...held, ...noted].map(({ digest }) => digest));
    const gone = digests.filter((digest) => !known.has(digest));
    if (gone.length > 0) await database.transaction((queries) => stores.scans.removed(queries, gone, clock.now()));
    more = rows.length === STEP;
    after = digests.at(-1) ?? '';
    await nextTurn();
  }
}

/** Deletes advisories that no finding uses any more. */
export async function sweepAdvisories({ database, clock }: Parts): Promise<void> {
  const before = clock.now() - ADVISORIES_MS;
  const rows = (await database
    .reader(`${Table.advisories} as a`)
    .where('a.used_at', '<', before)
    .whereNotExists((named) =>
      named
        .select(database.reader.raw('1'))
        .from(`${Table.scanFindings} as f`)
        .where('f.advisory', database.reader.ref('a.hash')),
    )
    .limit(STEP)
    .select({ hash: 'a.hash' })) as { hash: string }[];
  if (rows.length === 0) return;
  // A transaction that uses an advisory again also writes used_at; then it is kept.
  await database.transaction((queries) =>
    queries(Table.advisories)
      .whereIn('hash', rows.map(({ hash }) => hash).sort())
      .where('used_at', '<', before)
      .delete(),
  );
}

async function createRows({ database, stores, clock }: Parts, rows: readonly Pick<ManifestRow, 'id' | 'digest'>[]) {
  const now = clock.now();
  const references = await stores.manifests.references(
    database.reader,
    rows.map(({ id }) => id),
  );
  const whole = await wholeImages(
    database.reader,
    rows.map(({ digest }) => digest),
  );
  const stateOf = ({ id, digest }: Pick<ManifestRow, 'id' | 'digest'>): Parameters<typeof newScanRow>[1] => {
    if (!hasImageLayers(references.filter(({ manifest_id }) => manifest_id === id))) return 'UNSUPPORTED';
    return whole.has(digest) ? 'QUEUED' : 'WAITING_FOR_LAYERS';
  };
  const made = new Map(rows.map((row) => [row.digest, newScanRow(row.digest, stateOf(row), now)]));
  await database.transaction((queries) => bulkInsert(queries, Table.scans, [...made.values()], { kind: 'keep' }));
}

async function page(database: Database, after: string): Promise<readonly Pick<ScanRow, 'digest'>[]> {
  return database
    .reader<ScanRow>(Table.scans)
    .where('digest', '>', after)
    .orderBy('digest')
    .limit(STEP)
    .select('digest');
}
