import type { Knex } from 'knex';
import type { ScanRow } from '../../../../schema/scan-tables';
import { Table } from '../../../../schema/tables';
import type { Database, Queries } from '../../db/database';
import { newId } from '../../db/new-id';

/** A row that this process works on, as it was claimed. */
export interface ClaimedScan {
  readonly digest: string;
  readonly work: 'INDEX' | 'REFRESH';
  /** Under which it is claimed: whoever has another one may not write it. */
  readonly worker: string;
  /** INDEX: which try this is, from 1. */
  readonly attempts: number;
  readonly deleteFirst: boolean;
  /** Clair's state that it is known to be indexed with; undefined = it may not be. */
  readonly indexerState: string | undefined;
  readonly reportHash: string | undefined;
}

/** How long a claim is good, in milliseconds; it is renewed three times as often. */
export const LEASE_MS = 60_000;

/**
 * Claims rows that are due, those that wait longest first. A claimed row is due again when its claim has lapsed: another process takes it over
 * then, with whatever Clair has of it deleted first. No two processes get the same row: on MySQL what another one has locked is passed over,
 * SQLite has one writer.
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
      // MySQL shows an assignment what those before it wrote: the state is last.
      await queries.raw(
        `UPDATE scans SET worker = ?, due_at = ?, attempts = attempts + 1, started_at = ?,
           delete_first = CASE WHEN state = 'INDEXING' THEN 1 ELSE delete_first END, state = 'INDEXING'
         WHERE digest IN (${digests.map(() => '?').join(', ')})`,
        [worker, now + LEASE_MS, now, ...digests],
      );
    return rows.map((row) => toClaim(row, work, worker));
  });
}

/** Keeps claims: rows that are still worked on under them lapse later. */
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
 * The table, read in the order of its index of due rows. MySQL would rather sort a small table, and then locks every row of
 * it: other processes, which pass over locked rows, would find nothing to do.
 */
function dueFirst(database: Database, queries: Queries): Knex.Raw | typeof Table.scans {
  return database.dialect === 'mysql' ? queries.raw('?? FORCE INDEX (scans_due)', [Table.scans]) : Table.scans;
}

/** As a rule nothing is due: then nothing is written. */
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
