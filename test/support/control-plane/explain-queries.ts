import type { Database, Queries } from '../../../control-plane/src/db/database';

/** A statement as sent by knex. */
interface SentQuery {
  readonly sql: string;
  readonly bindings: readonly (string | number | null)[];
}

/**
 * Returns the query plans of the statements that `work` sends to the reader, one line for each. For
 * measurements and tests. Nothing else may use the reader at the same time.
 */
export async function explainQueries(database: Database, work: () => Promise<unknown>): Promise<readonly string[]> {
  const sent: SentQuery[] = [];
  const { reader } = database;
  const note = (query: SentQuery): void => void sent.push(query);
  reader.on('query', note);
  try {
    await work();
  } finally {
    reader.removeListener('query', note);
  }
  const plans: string[] = [];
  for (const { sql, bindings } of sent)
    plans.push(
      database.dialect === 'mysql' ? await mysqlPlan(reader, sql, bindings) : await sqlitePlan(reader, sql, bindings),
    );
  return plans;
}

async function sqlitePlan(reader: Queries, sql: string, bindings: SentQuery['bindings']): Promise<string> {
  const rows = (await reader.raw(`EXPLAIN QUERY PLAN ${sql}`, [...bindings])) as { detail: string }[];
  return rows.map((row) => row.detail).join('; ');
}

/**
 * Formats the columns of EXPLAIN that MySQL and MariaDB share: access type, index and estimated
 * rows.
 */
async function mysqlPlan(reader: Queries, sql: string, bindings: SentQuery['bindings']): Promise<string> {
  const [rows] = (await reader.raw(`EXPLAIN ${sql}`, [...bindings])) as [Record<string, unknown>[]];
  return rows
    .map(
      (row) =>
        `${String(row['type'])} by ${String(row['key'])}, about ${String(row['rows'])} rows; ${String(row['Extra'] ?? '')}`,
    )
    .join('; ');
}
