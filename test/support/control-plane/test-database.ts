import { randomBytes } from 'node:crypto';
import { type Connection, createConnection } from 'mysql2/promise';
import { TEMPLATE } from '../mysql-server/shared-server';

/** A database of a test's own. */
export interface TestDatabase {
  /** For LAYOVER_DATABASE_URL; empty = the SQLite file in the home. */
  readonly url: string;
  /** Takes it away. */
  readonly drop: () => Promise<void>;
}

/** Whether the suite runs on a MySQL server; else it runs on SQLite. */
export function onMysql(): boolean {
  return Boolean(process.env['LAYOVER_TEST_MYSQL']);
}

/**
 * SQLite, unless LAYOVER_TEST_MYSQL names a server (`mysql://root@127.0.0.1:33306`), as the projects `mariadb` and
 * `mysql8` of jest.config.js do: then a new database there, a copy of the migrated template where the server has one (migrations
 * take ten times longer), and without any table where `empty`.
 */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const server = process.env['LAYOVER_TEST_MYSQL'];
  if (!server) return { url: '', drop: () => Promise.resolve() };
  const name = `layover_test_${randomBytes(6).toString('hex')}`;
  await withConnection(server, async (connection) => {
    await connection.query(`CREATE DATABASE ${name}`);
    const [tables] = (await connection.query(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = '${TEMPLATE}'`,
    )) as unknown as [{ name: string }[]];
    for (const table of empty ? [] : tables) {
      await connection.query(`CREATE TABLE ${name}.${table.name} LIKE ${TEMPLATE}.${table.name}`);
      await connection.query(`INSERT INTO ${name}.${table.name} SELECT * FROM ${TEMPLATE}.${table.name}`);
    }
  });
  const drop = (): Promise<void> =>
    withConnection(server, async (connection) => void (await connection.query(`DROP DATABASE ${name}`)));
  return { url: `${server}/${name}`, drop };
}

async function withConnection(server: string, work: (connection: Connection) => Promise<void>): Promise<void> {
  const connection = await createConnection(server);
  try {
    await work(connection);
  } finally {
    await connection.end();
  }
}
