import { bulkInsert, isMysql } from './bulk-insert';
import type { Queries } from './database';
import { runForEach } from './run-for-each';

/**
 * Writes some columns of rows that exist and are locked, or whose table has no other writer. Rows
 * are found by their `id`. On MySQL one statement writes many rows; they must then be complete,
 * because it is an insert that merges. Table and column names must be constants, never input.
 */
export async function bulkUpdate<Row extends { readonly id: number }>(
  queries: Queries,
  table: string,
  rows: readonly Row[],
  columns: readonly (keyof Row & string)[],
): Promise<void> {
  if (isMysql(queries)) {
    const rules = Object.fromEntries(columns.map((column) => [column, 'replace' as const]));
    return bulkInsert(queries, table, rows, { kind: 'merge', key: ['id'], columns: rules });
  }
  const assignments = columns.map((column) => `"${column}" = ?`).join(', ');
  const lists = rows.map((row) => [...columns.map((column) => row[column]), row.id]);
  return runForEach(queries, `UPDATE ${table} SET ${assignments} WHERE id = ?`, lists);
}
