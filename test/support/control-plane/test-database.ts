import { randomBytes } from 'node:crypto';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { FREE_DATABASES, TEMPLATE } from '../mysql-server/shared-server';

/** A database for one test. */
export interface TestDatabase {
  /** The value of LAYOVER_DATABASE_URL. Empty for the SQLite file in the home. */
  readonly url: string;
  /** Drops the database. */
  readonly drop: () => Promise<void>;
}

/** Returns whether the suite runs on a MySQL server. Otherwise it runs on SQLite. */
export function onMysql(): boolean {
  return Boolean(process.env['LAYOVER_TEST_MYSQL']);
}

/**
 * Returns SQLite, unless LAYOVER_TEST_MYSQL names a server (`mysql://root@127.0.0.1:33306`), as the
 * projects `mariadb` and `mysql8` of jest.config.js do. Then returns a database on that server with
 * the tables of the migrations, or without tables if `empty`.
 *
 * Creating tables is expensive (MySQL 8 takes a third of a second for all of them), so a dropped
 * database is emptied and given to the next test.
 */
export async function createTestDatabase({ empty = false } = {}): Promise<TestDatabase> {
  const server = process.env['LAYOVER_TEST_MYSQL'];
  if (!server) return { url: '', drop: () => Promise.resolve() };
  const name = await withConnection(server, (connection) =>
    empty ? createDatabase(connection) : takeDatabase(connection),
  );
  const drop = (): Promise<void> =>
    withConnection(server, (connection) => (empty ? dropDatabase(connection, name) : giveBack(connection, name)));
  return { url: `${server}/${name}`, drop };
}

async function createDatabase(connection: Connection): Promise<string> {
  const name = `layover_test_${randomBytes(6).toString('hex')}`;
  await connection.query(`CREATE DATABASE ${name}`);
  return name;
}

async function dropDatabase(connection: Connection, name: string): Promise<void> {
  await connection.query(`DROP DATABASE ${name}`);
}

/** Takes a returned database, or else copies the template, if the server has one. */
async function takeDatabase(connection: Connection): Promise<string> {
  const template = await tablesOf(connection, TEMPLATE);
  if (template.length === 0) return createDatabase(connection);
  await connection.beginTransaction();
  const [free] = await rows(connection, `SELECT name FROM ${FREE_DATABASES} LIMIT 1 FOR UPDATE SKIP LOCKED`);
  if (free !== undefined) await connection.query(`DELETE FROM ${FREE_DATABASES} WHERE name = ?`, [free['name']]);
  await connection.commit();
  if (free !== undefined) return String(free['name']);
  const name = await createDatabase(connection);
  await connection.query(template.map((table) => `CREATE TABLE ${name}.${table} LIKE ${TEMPLATE}.${table}`).join(';'));
  await connection.query(template.map((table) => copyRows(name, table)).join(';'));
  return name;
}

/**
 * Restores the tables and rows of the template and makes the database available for the next test.
 * Drops a database with other tables or triggers than the template.
 */
async function giveBack(connection: Connection, name: string): Promise<void> {
  const tables = await tablesOf(connection, name);
  const wanted = await definitions(connection, TEMPLATE, await tablesOf(connection, TEMPLATE));
  const found = await definitions(connection, name, tables);
  const asMade =
    wanted.length > 0 && JSON.stringify(found.map(withoutCounter)) === JSON.stringify(wanted.map(withoutCounter));
  if (!asMade || (await rows(connection, `SHOW TRIGGERS FROM ${name}`)).length > 0)
    return dropDatabase(connection, name);
  const restore = tables.flatMap((table, index) => [
    `DELETE FROM ${name}.${table}`,
    copyRows(name, table),
    ...(found[index] === wanted[index] ? [] : [`ALTER TABLE ${name}.${table} AUTO_INCREMENT = 1`]),
  ]);
  await connection.query(restore.join(';'));
  await connection.query(`INSERT INTO ${FREE_DATABASES} VALUES (?)`, [name]);
}

function copyRows(name: string, table: string): string {
  return `INSERT INTO ${name}.${table} SELECT * FROM ${TEMPLATE}.${table}`;
}

/** Returns the sorted names of the tables. Empty if the database does not exist. */
async function tablesOf(connection: Connection, database: string): Promise<readonly string[]> {
  if ((await rows(connection, `SHOW DATABASES LIKE '${database}'`)).length === 0) return [];
  return (await rows(connection, `SHOW TABLES FROM ${database}`)).map((row) => String(Object.values(row)[0]));
}

async function definitions(
  connection: Connection,
  database: string,
  tables: readonly string[],
): Promise<readonly string[]> {
  const made: string[] = [];
  for (const table of tables)
    made.push(String((await rows(connection, `SHOW CREATE TABLE ${database}.${table}`))[0]!['Create Table']));
  return made;
}

function withoutCounter(definition: string): string {
  return definition.replace(/ AUTO_INCREMENT=\d+/, '');
}

async function rows(connection: Connection, sql: string): Promise<readonly Record<string, unknown>[]> {
  return (await connection.query<RowDataPacket[]>(sql))[0];
}

async function withConnection<T>(server: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection({ uri: server, multipleStatements: true });
  try {
    return await work(connection);
  } finally {
    await connection.end();
  }
}
