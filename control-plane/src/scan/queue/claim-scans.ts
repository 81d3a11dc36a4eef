import type { Knex } from 'knex';
import type { ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import type { Database, Queries } from '../../db/database';
import { newId } from '../../db/new-id';

/** A row that this process has claimed. */
export interface ClaimedScan {
  readonly digest: string;
  readonly work: 'INDEX' | 'REFRESH';
  /** The id of the claim. Only its holder may write the row. */
  readonly worker: string;
  /** INDEX: the number of this attempt, from 1. */
  readonly attempts: number;
  readonly deleteFirst: boolean;
  /** The index_state that the image was indexed with; undefined if it may not be indexed. */
  readonly indexerState: string | undefined;
  readonly reportHash: string | undefined;
}

/** How long a claim is valid, in milliseconds. It is renewed after a third of that time. */
export const LEASE_MS = 60_000;

/**
 * Claims rows that are due, the longest waiting first. When a claim has expired, another process
 * can claim the row again, and deletes Clair's index report first. Two processes never get the same
 * row: MySQL skips locked rows, and SQLite has one writer.
 */
export async function claimScans(
  database: Database,
  work: ClaimedScan['work'],
  limit: number,
  now: number,
): Promise<readonly ClaimedScan[]> {
  if (limit <= 0 || !(await isAnyDue(database.reader, work, now))) return [];
  return database.transaction(async (queries) => {
    const due = queries<ScanRow>(dueFirst(database, queries))
      .where('work', work)
      .where('due_at', '<=', now)
      .orderBy('due_at')
      .limit(limit)
      .forUpdate();
    const rows = (await (database.dialect === 'mysql' ? due.skipLocked() : due)) as ScanRow[];
    if (rows.length === 0) return [];
    const worker = newId();
    const digests = rows.map(({ digest }) => digest);
    const claim = { worker, due_at: now + LEASE_MS };
    if (work === 'REFRESH') await queries<ScanRow>(Table.scans).whereIn('digest', digests).update(claim);
    else
      // In MySQL, an assignment sees the columns assigned before it, so the state is assigned last.
      await queries.raw(
        `UPDATE scans SET worker = ?, due_at = ?, attempts = attempts + 1, started_at = ?,
           delete_first = CASE WHEN state = 'INDEXING' THEN 1 ELSE delete_first END, state = 'INDEXING'
         WHERE digest IN (${digests.map(() => '?').join(', ')})`,
        [worker, now + LEASE_MS, now, ...digests],
      );
    return rows.map((row) => toClaim(row, work, worker));
  });
}

/** Extends claims, for rows that are still being worked on. */
export async function renewClaims(queries: Queries, claims: readonly ClaimedScan[], now: number): Promise<void> {
  const workers = [...new Set(claims.map(({ worker }) => worker))];
  if (workers.length === 0) return;
  await queries<ScanRow>(Table.scans)
    .whereIn(
      'digest',
      claims.map(({ digest }) => digest),
    )
    .whereIn('worker', workers)
    .update({ due_at: now + LEASE_MS });
}

/**
 * Returns the table, read in the order of its index of due rows. MySQL would sort a small table
 * instead and lock all its rows, so that other processes, which skip locked rows, would find
 * nothing to do.
 */
function dueFirst(database: Database, queries: Queries): Knex.Raw | typeof Table.scans {
  return database.dialect === 'mysql' ? queries.raw('?? FORCE INDEX (scans_due)', [Table.scans]) : Table.scans;
}

/** Usually nothing is due, and then nothing is written. */
async function isAnyDue(queries: Queries, work: string, now: number): Promise<boolean> {
  return (
    (await queries<ScanRow>(Table.scans).where('work', work).where('due_at', '<=', now).first('digest')) !== undefined
  );
}

function toClaim(row: ScanRow, work: ClaimedScan['work'], worker: string): ClaimedScan {
  return {
    digest: row.digest,
    work,
    worker,
    attempts: row.attempts + (work === 'INDEX' ? 1 : 0),
    deleteFirst: row.delete_first === 1 || (work === 'INDEX' && row.state === 'INDEXING'),
    indexerState: row.indexer_state ?? undefined,
    reportHash: row.report_hash ?? undefined,
  };
}
