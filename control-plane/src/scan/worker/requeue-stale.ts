import type { ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import type { ScanParts } from './scan-parts';

/**
 * Maximum number of images that wait for a rescan after a change of Clair, for each concurrent
 * scan.
 */
const AHEAD = 2;

/**
 * Queues some images that were last tried under another index_state of Clair, which changes with
 * its scanners. Queues only as many as are soon done, so that new images do not wait behind the
 * whole cache. Returns their number.
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
    // Two index ranges; "<>" would scan all rows.
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
