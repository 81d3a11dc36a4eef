import { type RecordedEventRow, Table } from '../../../../schema/tables';
import { bulkInsert } from '../../db/bulk-insert';
import { chunks } from '../../db/chunks';
import type { Queries } from '../../db/database';
import { whereValues } from '../../db/where-values';

/** Stores the ids of records without an audit event, so that a repeated delivery counts once. */
export class RecordedEventsStore {
  /** Returns those of these ids that were recorded before. */
  async known(queries: Queries, ids: readonly string[]): Promise<ReadonlySet<string>> {
    const known = new Set<string>();
    for (const part of chunks(ids, 1000)) {
      const query = whereValues(queries, queries(Table.recordedEvents), 'id', part);
      const rows = (await query.select('id')) as { readonly id: string }[];
      for (const row of rows) known.add(row.id);
    }
    return known;
  }

  /** Records ids. Throws the duplicate error of the driver if an id exists. */
  async append(queries: Queries, rows: readonly RecordedEventRow[]): Promise<void> {
    await bulkInsert(queries, Table.recordedEvents, rows);
  }

  /** Records ids and skips existing ones. */
  async remember(queries: Queries, rows: readonly RecordedEventRow[]): Promise<void> {
    await bulkInsert(queries, Table.recordedEvents, rows, { kind: 'keep' });
  }

  /**
   * Deletes up to `limit` ids of records from before `before` (milliseconds since the epoch).
   * Returns how many were deleted.
   */
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
