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
/** Pages of one notification: 500 manifests each. */
const MAX_PAGES = 10_000;
/** After so many failures a notification is left: reports are read again in any case. */
const MAX_ATTEMPTS = 20;
/** After a failure. */
const BACKOFF: Backoff = { firstMs: 10_000, maxMs: 3_600_000 };

/** Clair's notifier has something to tell: it is written down, so that it is not lost when this process ends. */
export async function noteNotification(database: Database, id: string, now: number): Promise<void> {
  const row: ScanNotificationRow = { id, attempts: 0, due_at: now };
  await database.transaction((queries) => bulkInsert(queries, Table.scanNotifications, [row], { kind: 'keep' }));
}

/**
 * Reads what the notifier told of: the report of every image that a notification names is read again soon; then Clair may forget the
 * notification. False = there are no more to do now.
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
      const images = await readOne(parts, row.id, signal);
      await clair.forgetNotification(row.id, signal);
      await database.transaction((queries) => queries(Table.scanNotifications).where('id', row.id).delete());
      log.info({ notification: row.id, images }, "what Clair's notifier told was read");
    } catch (error) {
      if (!isClairError(error)) throw error;
      log.warn({ err: error, notification: row.id }, 'a notification of Clair cannot be read');
      await database.transaction((queries) => leave(queries, row, clock.now()));
      if (error.trouble === 'AWAY') return false;
    }
  }
  return due.length === STEP;
}

/** Pages through a notification; how many images it named. */
async function readOne({ database, clair, clock }: ScanParts, id: string, signal: AbortSignal): Promise<number> {
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

/** Their reports are due. Of those that are being read at this moment the claim ends: what is read may be from before, and is not written. */
async function refreshSoon(database: Database, digests: readonly string[], now: number): Promise<void> {
  for (const part of chunks([...digests].sort()))
    await database.transaction((queries) =>
      queries<ScanRow>(Table.scans)
        .whereIn('digest', part)
        .where('work', 'REFRESH')
        .update({ due_at: now, worker: null }),
    );
}

async function leave(queries: Queries, row: ScanNotificationRow, now: number): Promise<void> {
  const mine = queries<ScanNotificationRow>(Table.scanNotifications).where('id', row.id);
  if (row.attempts + 1 >= MAX_ATTEMPTS) await mine.delete();
  else {
    const pause = backoffDelay(BACKOFF, row.attempts + 1);
    await mine.update({ attempts: row.attempts + 1, due_at: now + pause });
  }
}
