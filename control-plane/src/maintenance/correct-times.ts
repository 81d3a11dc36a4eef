import { CLOCK_TOLERANCE_MS } from '../../../common/runtime/clock-watch';
import { Table } from '../../../schema/tables';
import type { Database, Queries } from '../db/database';

/** Longest time for which a blob is reserved or a use is believed, with some time to spare. */
const LONGEST_PROMISE_MS = 3_600_000;

/**
 * Columns with the time of something that has happened. A time in the future would win over every
 * later event, because times only move forward: a tag would not move, an image would never be the
 * least recently used one, and bytes without a holder would stay.
 */
const PAST: Readonly<Record<string, readonly string[]>> = {
  [Table.repositories]: ['created_at', 'last_pulled_at', 'ended_at'],
  // The places in the order of eviction follow from the other times, also after the correction.
  [Table.manifests]: ['created_at', 'last_pulled_at', 'used_at', 'eviction_at'],
  [Table.tags]: ['started_at', 'ended_at', 'checked_at', 'refreshed_at', 'expiration_set_at', 'last_pulled_at'],
  [Table.blobs]: ['created_at', 'present_at', 'unheld_at', 'deleting_at'],
  [Table.blobProofs]: ['proven_at'],
  [Table.endedIdentities]: ['ended_at'],
  [Table.proxyConfigs]: ['origin_since'],
  [Table.robots]: ['created_at', 'last_used_at'],
  [Table.upstreamStatus]: ['last_checked_at'],
  [Table.tokenKeys]: ['created_at', 'retired_at'],
  [Table.invalidations]: ['at'],
  [Table.scans]: ['queued_at', 'started_at', 'finished_at', 'reported_at'],
  [Table.advisories]: ['used_at'],
};

/**
 * Replaces times in the future by `now`, in one transaction, after the clock was set back. Audit
 * events keep the time that they were recorded with. Expirations that users set stay; those that
 * follow from a pull are moved with it. Returns the number of corrected rows.
 */
export function correctFutureTimes(database: Database, now: number): Promise<number> {
  const latest = now + CLOCK_TOLERANCE_MS;
  return database.transaction(async (queries) => {
    let corrected = await moveExpirations(queries, now, latest);
    corrected += await endPromises(queries, now);
    corrected += await dueScans(queries, now, latest);
    for (const [table, columns] of Object.entries(PAST)) {
      const values = Object.fromEntries(
        columns.map((column) => [
          column,
          queries.raw('CASE WHEN ?? > ? THEN ? ELSE ?? END', [column, latest, now, column]),
        ]),
      );
      corrected += await queries(table)
        .where((any) => {
          for (const column of columns) void any.orWhere(column, '>', latest);
        })
        .update(values);
    }
    return corrected;
  });
}

/** Shortens expirations that were computed from a pull in the future. */
async function moveExpirations(queries: Queries, now: number, latest: number): Promise<number> {
  return queries(Table.tags)
    .where('refreshed_at', '>', latest)
    .whereNull('expiration_set_at')
    .whereNotNull('expires_at')
    .update({ expires_at: queries.raw('expires_at - refreshed_at + ?', [now]) });
}

/** Ends what was promised until a time that no promise reaches. */
async function endPromises(queries: Queries, now: number): Promise<number> {
  const latest = now + LONGEST_PROMISE_MS;
  const reservations = await queries(Table.originHoldings)
    .where('reserved_until', '>', latest)
    .update({ reserved_until: now });
  const uses = await queries(Table.contentUses).where('valid_until', '>', latest).delete();
  const leases = await queries(Table.maintenanceLeases).where('valid_until', '>', latest).update({ valid_until: 0 });
  return reservations + uses + leases;
}

/** Makes scans due whose next time was computed from a time in the future. */
async function dueScans(queries: Queries, now: number, latest: number): Promise<number> {
  return queries(Table.scans)
    .where('due_at', '>', latest)
    .where((any) => {
      for (const column of PAST[Table.scans]!) void any.orWhere(column, '>', latest);
    })
    .update({ due_at: now });
}
