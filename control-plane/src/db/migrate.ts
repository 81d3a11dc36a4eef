import { createHash } from 'node:crypto';
import { type Knex, knex } from 'knex';
import type { Logger } from '../../../common/runtime/logger';
import { migrationSource } from '../../../schema/migrations/migration-source';
import type { DatabaseAddress } from './database-address';
import { mysqlConfig } from './mysql-config';

/** How long a start waits while another control plane migrates, in seconds. */
const WAIT_SECONDS = 300;

/** How long a migration may take, in seconds. */
const MIGRATION_SECONDS = 86_400;

/**
 * Migrates a MySQL database, one process at a time. The others wait for a lock of the server, which
 * ends with the connection of its holder; knex's own lock is a row that a killed process leaves
 * behind. MySQL commits every DDL statement at once, so a migration may find its steps half done:
 * see schema/migrations/columns.ts.
 */
export async function migrateMysql(
  address: Extract<DatabaseAddress, { dialect: 'mysql' }>,
  log: Logger,
): Promise<void> {
  // Two connections: one holds the lock, and is silent. There is no statement timeout because
  // altering a large table takes long.
  const limits = { connections: 2, acquireMs: 8000, statementMs: undefined, silenceSeconds: MIGRATION_SECONDS };
  const pool = knex(mysqlConfig(address, log, limits));
  try {
    const holder: unknown = await pool.client.acquireConnection();
    const name = `layover-${createHash('sha256').update(address.database).digest('hex').slice(0, 32)}`;
    try {
      const [rows] = (await pool.raw('SELECT GET_LOCK(?, ?) AS locked', [name, WAIT_SECONDS]).connection(holder)) as [
        { locked: number | null }[],
      ];
      if (rows[0]?.locked !== 1)
        throw new Error(
          `Another control plane has been migrating the database ${address.database} for ` +
            `${WAIT_SECONDS} s. Start again when it is done.`,
        );
      await migrateToLatest(pool, true);
      await pool.raw('SELECT RELEASE_LOCK(?)', [name]).connection(holder);
    } finally {
      await pool.client.releaseConnection(holder);
    }
  } finally {
    await pool.destroy();
  }
}

/**
 * Migrates a SQLite database in one transaction, so a killed process leaves the database unchanged.
 */
export async function migrateSqlite(writer: Knex): Promise<void> {
  await writer.transaction((transaction) => migrateToLatest(transaction, false));
}

async function migrateToLatest(queries: Knex, disableTransactions: boolean): Promise<void> {
  // No living process holds knex's lock: it would also hold the lock or the transaction of the
  // caller.
  await queries.migrate.forceFreeMigrationsLock({ migrationSource });
  await queries.migrate.latest({ migrationSource, disableTransactions });
}
