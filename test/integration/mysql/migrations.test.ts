import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Knex, knex } from 'knex';
import { createLogger } from '../../../common/runtime/logger';
import { Database } from '../../../control-plane/src/db/database';
import { migrationSource } from '../../../schema/migrations/migration-source';
import { Table } from '../../../schema/tables';
import { describeOnServers } from '../../support/mysql-server/describe-on-servers';
import { MysqlServer } from '../../support/mysql-server/mysql-server';

const log = createLogger('test', 'silent');

describeOnServers('migrations on MySQL', (flavour) => {
  let server: MysqlServer;
  let made = 0;
  beforeAll(async () => {
    server = await MysqlServer.start(flavour);
  }, 60_000);
  afterAll(async () => {
    await server?.remove();
  });

  async function emptyDatabase(): Promise<string> {
    const name = `migrations_${++made}`;
    await server.execute(`CREATE DATABASE ${name} CHARACTER SET latin1`);
    return name;
  }
  const open = (database: string): Database =>
    Database.open(
      { dialect: 'mysql', host: '127.0.0.1', port: server.port, user: 'root', password: '', database },
      log,
    );
  async function migrate(name: string): Promise<void> {
    const database = open(name);
    try {
      await database.migrate();
    } finally {
      await database.close();
    }
  }
  /** Returns the definition of every table and the rows that migrations write. */
  async function describeDatabase(name: string): Promise<string> {
    const parts: string[] = [];
    for (const row of await server.execute(`SHOW TABLES FROM ${name}`)) {
      const table = String(Object.values(row)[0]);
      const [created] = await server.execute(`SHOW CREATE TABLE ${name}.${table}`);
      parts.push(String(created!['Create Table']).replace(/ AUTO_INCREMENT=\d+/, ''));
      if (!table.startsWith('knex_'))
        // The marks of configuration changes are random.
        parts.push(
          JSON.stringify(await server.execute(`SELECT * FROM ${name}.${table}`)).replace(
            /"mark":"[^"]+"/g,
            '"mark":"…"',
          ),
        );
    }
    return parts.join('\n');
  }

  test('run once when several processes start at the same time, and change nothing when they run again', async () => {
    const name = await emptyDatabase();
    await Promise.all([migrate(name), migrate(name), migrate(name)]);
    const made = await describeDatabase(name);
    expect(made.match(/CREATE TABLE/g)!.length).toBe(Object.keys(Table).length + 2);
    await migrate(name);
    expect(await describeDatabase(name)).toBe(made);
  });

  test('continue after a process was killed while it held the migration lock', async () => {
    const name = await emptyDatabase();
    await migrate(name);
    await server.execute(`UPDATE ${name}.knex_migrations_lock SET is_locked = 1`);
    await migrate(name);
  });

  test('are finished by the next start after an interruption at any statement', async () => {
    const whole = await emptyDatabase();
    await migrate(whole);
    const wanted = await describeDatabase(whole);
    for (const cut of [1, 4, 16, 30, 60, 95]) {
      const name = await emptyDatabase();
      await migrateUntil(`${server.url}/${name}`, cut);
      await migrate(name);
      expect(await describeDatabase(name)).toBe(wanted);
    }
  }, 60_000);

  test('store text as bytes in every table and create no index that is too large for MySQL', async () => {
    const name = await emptyDatabase();
    await migrate(name);
    const types = await server.execute(
      `SELECT DISTINCT data_type AS type FROM information_schema.columns WHERE table_schema = '${name}' AND table_name NOT LIKE 'knex%' ORDER BY type`,
    );
    expect(types.map(({ type }) => type)).toEqual(['bigint', 'mediumblob', 'smallint', 'varbinary']);
    const indexes = await server.execute(
      `SELECT SUM(COALESCE(c.character_octet_length, 8)) AS bytes FROM information_schema.statistics s
       JOIN information_schema.columns c USING (table_schema, table_name, column_name)
       WHERE s.table_schema = '${name}' GROUP BY s.table_name, s.index_name`,
    );
    expect(Math.max(...indexes.map((row) => Number(row['bytes'])))).toBeLessThanOrEqual(3072);
  });

  test('distinguish text by case, accents and trailing spaces, and sort it by bytes', async () => {
    const name = await emptyDatabase();
    await migrate(name);
    const database = open(name);
    const names = ['a', 'a ', 'A', 'á', 'b', '', ' ', '漢字', '🚀', '\uffee'];
    try {
      await database.reader(Table.knownVulnerabilities).insert(names.map((name) => ({ name, first_seen_at: 1 })));
      const sorted = (await database.reader(Table.knownVulnerabilities).orderBy('name').pluck('name')) as string[];
      expect(sorted).toEqual([...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      for (const name of names)
        expect(await database.reader(Table.knownVulnerabilities).where({ name }).pluck('name')).toEqual([name]);
    } finally {
      await database.close();
    }
  });

  describe('on a database with collations from an earlier version', () => {
    /**
     * The earlier versions failed on MySQL before 8.0.17. `utf8mb4_bin` replaces the collation that
     * such a server lacks.
     */
    const collation = flavour.project === 'mariadb' ? 'utf8mb4_nopad_bin' : 'utf8mb4_bin';
    async function collatedDatabase(): Promise<string> {
      const name = await emptyDatabase();
      const script = readFileSync(join(__dirname, 'support/collated-tables.sql'), 'utf8');
      const statements = script.replaceAll('utf8mb4_nopad_bin', collation).split(';\n').slice(0, -1);
      await server.execute(`USE ${name}`, ...statements);
      return name;
    }

    test('create the same tables as on an empty database and keep the text', async () => {
      const empty = await emptyDatabase();
      await migrate(empty);
      const name = await collatedDatabase();
      const before = await server.execute(`SELECT * FROM ${name}.${Table.proxyConfigs}`);
      const audit = await server.execute(`SELECT * FROM ${name}.${Table.auditEvents}`);
      expect(audit).toMatchObject([{ actor: 'Zoë 🚀 ', detail: '{"漢":"字"}' }]);
      await migrate(name);
      // Later migrations add columns.
      expect(await server.execute(`SELECT * FROM ${name}.${Table.proxyConfigs}`)).toMatchObject(before);
      expect(await server.execute(`SELECT * FROM ${name}.${Table.auditEvents}`)).toEqual(audit);
      await server.execute(`DELETE FROM ${name}.${Table.proxyConfigs}`, `DELETE FROM ${name}.${Table.auditEvents}`);
      expect(await describeDatabase(name)).toBe(await describeDatabase(empty));
    });

    test('are finished by the next start after an interruption', async () => {
      const whole = await collatedDatabase();
      await migrate(whole);
      const wanted = await describeDatabase(whole);
      for (const cut of [8, 20, 50]) {
        const name = await collatedDatabase();
        await migrateUntil(`${server.url}/${name}`, cut);
        expect(await describeDatabase(name)).not.toBe(wanted);
        await migrate(name);
        expect(await describeDatabase(name)).toBe(wanted);
      }
    }, 60_000);
  });

  test('set their session variables, whatever the defaults of the server are', async () => {
    const database = open(await emptyDatabase());
    try {
      const [rows] = (await database.reader.raw(
        `SELECT @@sql_mode AS mode, @@${flavour.project === 'mariadb' ? 'tx_isolation' : 'transaction_isolation'} AS isolation,
         @@time_zone AS zone, @@character_set_client AS charset`,
      )) as [object[]];
      expect(rows[0]).toEqual({
        mode: expect.stringContaining('STRICT_ALL_TABLES') as string,
        isolation: 'READ-COMMITTED',
        zone: '+00:00',
        charset: 'utf8mb4',
      });
    } finally {
      await database.close();
    }
  });
});

/** Runs the migrations like a process that dies after `statements` statements. */
async function migrateUntil(url: string, statements: number): Promise<void> {
  const silent = { warn: () => undefined, error: () => undefined };
  const pool = knex({ client: 'mysql2', connection: `${url}?charset=utf8mb4`, pool: { min: 0, max: 1 }, log: silent });
  const client = pool.client as { query: (connection: unknown, query: unknown) => Promise<unknown> };
  const query = client.query.bind(pool.client);
  let sent = 0;
  client.query = (connection, statement) =>
    ++sent > statements ? Promise.reject(new Error('killed')) : query(connection, statement);
  try {
    await pool.migrate.latest({ migrationSource, disableTransactions: true } as Knex.MigratorConfig);
  } catch {
    // The interruption is intended.
  } finally {
    await pool.destroy();
  }
}
