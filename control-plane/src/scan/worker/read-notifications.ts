import { type Backoff, backoffDelay } from '../../../../common/async/backoff';
import type { ScanNotificationRow, ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Database, Queries } from '../../db/database';
import { isClairError } from '../clair/clair-error';
import type { ScanParts } from './scan-parts';

/** Notifications in one step. */
const STEP = 10;
/** Maximum number of pages of one notification, with 500 manifests each. */
const MAX_PAGES = 10_000;
/** A notification is dropped after this many failures. Reports are refreshed anyway. */
const MAX_ATTEMPTS = 20;
/** Pauses after failures. */
const BACKOFF: Backoff = { firstMs: 10_000, maxMs: 3_600_000 };

/** Stores a notification of Clair's notifier, so that it is not lost when this process ends. */
export async function noteNotification(database: Database, id: string, now: number): Promise<void> {
  const row: ScanNotificationRow = { id, attempts: 0, due_at: now };
  await database.transaction((queries) => bulkInsert(queries, Table.scanNotifications, [row], { kind: 'keep' }));
}

/**
 * Reads pending notifications: schedules a refresh of every image that a notification names, then
 * deletes the notification in Clair. Returns false if nothing more is due now.
 */
export async function readNotifications(parts: ScanParts, signal: AbortSignal): Promise<boolean> {
  const { database, clair, clock, log } = parts;
  if (clair.circuit.reason !== undefined) return false;
  const due = (await database
    .reader<ScanNotificationRow>(Table.scanNotifications)
    .where('due_at', '<=', clock.now())
    .orderBy('due_at')
    .limit(STEP)) as ScanNotificationRow[];
  for (const row of due) {
    try {
      const images = await readNotification(parts, row.id, signal);
      await clair.forgetNotification(row.id, signal);
      await database.transaction((queries) => queries(Table.scanNotifications).where('id', row.id).delete());
      log.info({ notification: row.id, images }, 'A notification of Clair was processed');
    } catch (error) {
      if (!isClairError(error)) throw error;
      log.warn({ err: error, notification: row.id }, 'Reading a notification of Clair failed; it will be retried');
      await database.transaction((queries) => retryLater(queries, row, clock.now()));
      if (error.trouble === 'AWAY') return false;
    }
  }
  return due.length === STEP;
}

/** Reads all pages of a notification. Returns the number of images that it names. */
async function readNotification(
  { database, clair, clock }: ScanParts,
  id: string,
  signal: AbortSignal,
): Promise<number> {
  let images = 0;
  let next: string | undefined;
  for (let page = 0; page < MAX_PAGES; page++) {
    const found = await clair.notification(id, next, signal);
    if (found === undefined) return images;
    await refreshSoon(database, found.manifests, clock.now());
    images += found.manifests.length;
    if (found.next === undefined || found.next === next) return images;
    next = found.next;
  }
  return images;
}

/**
 * Makes the reports of these images due. Claims on them end, because a report that is being read
 * may be older than the notification and must not be stored.
 */
async function refreshSoon(database: Database, digests: readonly string[], now: number): Promise<void> {
  for (const part of chunks([...digests].sort()))
    await database.transaction((queries) =>
      queries<ScanRow>(Table.scans)
        .whereIn('digest', part)
        .where('work', 'REFRESH')
        .update({ due_at: now, worker: null }),
    );
}

async function retryLater(queries: Queries, row: ScanNotificationRow, now: number): Promise<void> {
  const query = queries<ScanNotificationRow>(Table.scanNotifications).where('id', row.id);
  if (row.attempts + 1 >= MAX_ATTEMPTS) await query.delete();
  else {
    const pause = backoffDelay(BACKOFF, row.attempts + 1);
    await query.update({ attempts: row.attempts + 1, due_at: now + pause });
  }
}
