import { type RecordedEventRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';

/** Ids of records that have no audit event (any more), kept so that a repeat counts once. */
export class RecordedEventsStore {
  /** Which of these ids were recorded before. */
  async known(queries: Queries, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const known = new Set<string>();
    for (const part of chunks(ids, 1000)) {
      const rows = await queries<RecordedEventRow>(Table.recordedEvents).whereIn('id', part).select('id');
      for (const row of rows) known.add(row.id);
    }
    return known;
  }

  /** Remembers ids. Throws the driver's duplicate error for one that is there. */
  async append(queries: Queries, rows: readonly RecordedEventRow[]): Promise<void> {
    await bulkInsert(queries, Table.recordedEvents, rows);
  }

  /** Remembers ids; one that is there is left. */
  async remember(queries: Queries, rows: readonly RecordedEventRow[]): Promise<void> {
    await bulkInsert(queries, Table.recordedEvents, rows, { kind: 'keep' });
  }

  /** Forgets up to `limit` ids of records before `before` (milliseconds since the epoch); how many it were. */
  async prune(queries: Queries, before: number, limit: number): Promise<number> {
    const rows = await queries<RecordedEventRow>(Table.recordedEvents)
      .where('at', '<', before)
      .orderBy('at')
      .limit(limit)
      .select('id');
    for (const part of chunks(rows.map((row) => row.id)))
      await queries(Table.recordedEvents).whereIn('id', part).delete();
    return rows.length;
  }
}
