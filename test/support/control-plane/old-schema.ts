import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Knex, knex } from 'knex';
import { migrationSource } from '../../../schema/migrations/migration-source';
import { mysqlConnection } from '../mysql-server/mysql-connection';
import { createTestDatabase } from './test-database';

/** A database with the tables of an earlier version. */
export interface OldSchema {
  readonly tables: Knex;
  /** Runs the migrations that the database does not have yet. */
  migrate(): Promise<unknown>;
  /** Closes and drops the database. */
  release(): Promise<void>;
}

/** Creates a database as it was before a migration, given by its name. */
export async function createOldSchema(firstMissing: string): Promise<OldSchema> {
  const all = await migrationSource.getMigrations([]);
  const count = all.findIndex((migration) => migrationSource.getMigrationName(migration) === firstMissing);
  if (count < 0) throw new Error(`There is no migration ${firstMissing}`);
  const home = mkdtempSync(join(tmpdir(), 'layover-migrate-'));
  const { url, drop } = await createTestDatabase({ empty: true });
  const tables = knex(
    url === ''
      ? { client: 'better-sqlite3', connection: { filename: join(home, 'layover.sqlite') }, useNullAsDefault: true }
      : { client: 'mysql2', connection: mysqlConnection(url), pool: { min: 0, max: 1 } },
  );
  const before = { ...migrationSource, getMigrations: () => Promise.resolve(all.slice(0, count)) };
  await tables.migrate.latest({ migrationSource: before, disableTransactions: true });
  return {
    tables,
    migrate: () => tables.migrate.latest({ migrationSource, disableTransactions: true }),
    async release() {
      await tables.destroy();
      await drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
