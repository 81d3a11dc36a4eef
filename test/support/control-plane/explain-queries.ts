import type { Database, Queries } from '../../../control-plane/src/db/database';

/** One statement as knex sends it. */
interface SentQuery {
  readonly sql: string;
  readonly bindings: readonly (string | number | null)[];
}

/**
 * How the database answers the statements that `work` sends to its reader: one line of plan for each. For measuring and
 * tests; nothing else may use the reader meanwhile.
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

/** EXPLAIN's columns that MySQL and MariaDB share: how a table is read, by which index, how many rows are expected. */
async function mysqlPlan(reader: Queries, sql: string, bindings: SentQuery['bindings']): Promise<string> {
  const [rows] = (await reader.raw(`EXPLAIN ${sql}`, [...bindings])) as [Record<string, unknown>[]];
  return rows
    .map(
      (row) =>
        `${String(row['type'])} by ${String(row['key'])}, about ${String(row['rows'])} rows; ${String(row['Extra'] ?? '')}`,
    )
    .join('; ');
}
