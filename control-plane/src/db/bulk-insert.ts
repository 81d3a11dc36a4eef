import type { Queries } from './database';
import { runForEach } from './run-for-each';

/** How a column of an existing row is changed: replaced by the new value, or increased by it. */
export type MergeRule = 'replace' | 'add';

/** What happens to a row whose key already exists. Without it, a duplicate key is an error. */
export type OnConflict =
  | { readonly kind: 'keep' }
  | {
      readonly kind: 'merge';
      /**
       * The columns of the key. Only SQLite needs them; MySQL checks every unique key of the table.
       */
      readonly key: readonly string[];
      readonly columns: Readonly<Record<string, MergeRule>>;
    };

type Value = string | number | Buffer | null;

/** Maximum number of values in a statement of MySQL, which allows 65,535. */
const MAX_VALUES = 30_000;

/**
 * Inserts rows: on MySQL with as few statements as possible, on SQLite with one prepared statement
 * that is run for each row. It does not use knex, which writes SQLite inserts as a chain of UNION
 * ALL: SQLite limits the chain to 500 and plans it slowly. Ignoring and merging also differ by
 * dialect (docs/design/errors.md#database-differences). Table and column names must be constants,
 * never input.
 */
export async function bulkInsert<Row extends object>(
  queries: Queries,
  table: string,
  rows: readonly Row[],
  onConflict?: OnConflict,
): Promise<void> {
  const [first] = rows;
  if (first === undefined) return;
  const columns = Object.keys(first);
  const mysql = isMysql(queries);
  const head = `INSERT INTO ${table} (${columns.map(quote(mysql)).join(', ')}) VALUES `;
  const tail = onConflict === undefined ? '' : ` ${conflictClause(onConflict, columns, table, mysql)}`;
  const oneRow = `(${columns.map(() => '?').join(', ')})`;
  if (!mysql) {
    const lists = rows.map((row) => valuesOf(row, columns));
    return runForEach(queries, head + oneRow + tail, lists);
  }
  const rowsAtOnce = Math.max(1, Math.floor(MAX_VALUES / columns.length));
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const part = rows.slice(start, start + rowsAtOnce);
    const values = part.flatMap((row) => valuesOf(row, columns));
    await queries.raw(head + Array.from(part, () => oneRow).join(', ') + tail, values);
  }
}

function valuesOf(row: object, columns: readonly string[]): Value[] {
  return columns.map((column) => (row as Record<string, Value | undefined>)[column] ?? null);
}

/** Returns whether statements go to MySQL (or MariaDB). */
export function isMysql(queries: Queries): boolean {
  return String(queries.client.config.client) === 'mysql2';
}

function conflictClause(onConflict: OnConflict, columns: readonly string[], table: string, mysql: boolean): string {
  const q = quote(mysql);
  if (onConflict.kind === 'keep') {
    // INSERT IGNORE would hide other errors too; assigning a column to itself changes nothing.
    return mysql ? `ON DUPLICATE KEY UPDATE ${q(columns[0]!)} = ${q(columns[0]!)}` : 'ON CONFLICT DO NOTHING';
  }
  const assignments = Object.entries(onConflict.columns).map(([column, rule]) => {
    const fresh = mysql ? `VALUES(${q(column)})` : `excluded.${q(column)}`;
    return `${q(column)} = ${rule === 'add' ? `${table}.${q(column)} + ${fresh}` : fresh}`;
  });
  const head = mysql ? 'ON DUPLICATE KEY UPDATE' : `ON CONFLICT (${onConflict.key.map(q).join(', ')}) DO UPDATE SET`;
  return `${head} ${assignments.join(', ')}`;
}

function quote(mysql: boolean): (name: string) => string {
  return (name) => (mysql ? `\`${name}\`` : `"${name}"`);
}
