import { join } from 'node:path';
import { type Knex, knex } from 'knex';
import { Table } from '../../../schema/tables';
import { mysqlConnection } from '../mysql-server/mysql-connection';
import type { TestControlPlane } from './start-control-plane';

/**
 * Accesses the tables of a control plane over a separate connection. `databaseUrl` '' is the SQLite
 * database in `home`.
 */
export async function withTables<T>(
  plane: Pick<TestControlPlane, 'databaseUrl' | 'home'>,
  work: (tables: Knex) => Promise<T>,
): Promise<T> {
  const tables = knex(
    plane.databaseUrl === ''
      ? {
          client: 'better-sqlite3',
          connection: { filename: join(plane.home, 'layover.sqlite') },
          useNullAsDefault: true,
        }
      : { client: 'mysql2', connection: mysqlConnection(plane.databaseUrl), pool: { min: 0, max: 1 } },
  );
  try {
    return await work(tables);
  } finally {
    await tables.destroy();
  }
}

/** Makes every INSERT into (or DELETE from) a table fail, until {@link mend} is called. */
export async function breakTable(plane: TestControlPlane, table: string, verb: 'INSERT' | 'DELETE'): Promise<void> {
  const body =
    plane.databaseUrl === ''
      ? `BEGIN SELECT RAISE(ABORT, 'broken by the test'); END`
      : `SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'broken by the test'`;
  await withTables(plane, (tables) =>
    tables.raw(`CREATE TRIGGER broken_by_test BEFORE ${verb} ON ${table} FOR EACH ROW ${body}`),
  );
}

/** Reverts {@link breakTable}. */
export async function mend(plane: TestControlPlane): Promise<void> {
  await withTables(plane, (tables) => tables.raw('DROP TRIGGER broken_by_test'));
}

/** Returns all rows of all tables except `except` as text, for comparisons. */
export async function dumpTables(plane: TestControlPlane, except: readonly string[] = []): Promise<string> {
  return withTables(plane, async (tables) => {
    const parts: string[] = [];
    for (const table of Object.values(Table).filter((name) => !except.includes(name))) {
      const rows = (await tables(table)) as object[];
      parts.push(`${table}:`, ...rows.map((row) => JSON.stringify(row)).sort());
    }
    return parts.join('\n');
  });
}
