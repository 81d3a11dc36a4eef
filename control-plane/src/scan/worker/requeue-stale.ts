import type { ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import type { ScanParts } from './scan-parts';

/** Images that wait at most for being scanned anew because Clair has changed, for each that is scanned at a time. */
const AHEAD = 2;

/**
 * Queues a few of the images that were last tried under another index_state of Clair (it was given other scanners): only as many as are soon
 * done, so that what is pulled anew does not wait behind all that is cached. How many.
 */
export async function requeueStale(
  { database, config, clock }: Pick<ScanParts, 'database' | 'config' | 'clock'>,
  indexState: string,
): Promise<number> {
  const room = config.concurrency * AHEAD;
  const queued = await database.reader<ScanRow>(Table.scans).where('work', 'INDEX').limit(room).select('digest');
  if (queued.length >= room) return 0;
  const stale = new Set<string>();
  for (const state of ['COMPLETED', 'FAILED', 'UNSUPPORTED']) {
    // Two ranges of an index; "<>" would be a look at all rows.
    for (const other of ['<', '>'] as const) {
      if (stale.size >= room - queued.length) break;
      const rows = await database
        .reader<ScanRow>(Table.scans)
        .where('state', state)
        .where('tried_state', other, indexState)
        .where((idle) => idle.whereNull('work').orWhere('work', 'REFRESH'))
        .limit(room - queued.length - stale.size)
        .select('digest');
      for (const { digest } of rows) stale.add(digest);
    }
  }
  if (stale.size === 0) return 0;
  const now = clock.now();
  return database.transaction((queries) =>
    queries<ScanRow>(Table.scans)
      .whereIn('digest', [...stale].sort())
      .whereIn('state', ['COMPLETED', 'FAILED', 'UNSUPPORTED'])
      .where((idle) => idle.whereNull('work').orWhere('work', 'REFRESH'))
      .update({ state: 'QUEUED', work: 'INDEX', due_at: now, queued_at: now, attempts: 0, worker: null }),
  );
}
