import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import type { Queries } from './database';

/**
 * Runs one SQLite statement for each list of values, in order. The statement is prepared once and
 * run in this process, which takes about half as long as one statement with the values of many rows
 * and needs no limit on their number. The event loop gets turns in between (`takeTurns`). Throws
 * the error of the driver; the lists before the failed one were run.
 */
export async function runForEach(queries: Queries, sql: string, rows: readonly (readonly unknown[])[]): Promise<void> {
  if (rows.length === 0) return;
  const client = queries.client as Knex.Client;
  const connection: unknown = await client.acquireConnection();
  try {
    // The builder of knex would make the values of all rows one list. Its events are for the
    // metrics.
    const query = { method: 'raw', sql, bindings: rows, __knexQueryUid: randomUUID() };
    const response: unknown = await client.query(connection, query);
    client.emit('query-response', response, query);
  } finally {
    await client.releaseConnection(connection);
  }
}
