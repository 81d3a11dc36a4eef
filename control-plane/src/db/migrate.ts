import { createHash } from 'node:crypto';
import { type Knex, knex } from 'knex';
import type { Logger } from '../../../common/runtime/logger';
import { migrationSource } from '../../../schema/migrations/migration-source';
import type { DatabaseAddress } from './database-address';
import { mysqlConfig } from './mysql-config';

/** How long a start waits while another control plane migrates, in seconds. */
const WAIT_SECONDS = 300;

/**
 * Migrates MySQL. One process does so at a time: the others wait for a lock of the server, which ends with the
 * connection of the one that held it. (knex's own lock is a row that a killed process leaves behind.) MySQL commits every
 * DDL statement at once, so each step of a migration may be met half done: see schema/migrations/columns.ts.
 */
export async function migrateMysql(
  address: Extract<DatabaseAddress, { dialect: 'mysql' }>,
  log: Logger,
): Promise<void> {
  // Two connections: one holds the lock. Altering a large table takes as long as it takes.
  const pool = knex(mysqlConfig(address, log, { connections: 2, acquireMs: 8000, statementMs: undefined }));
  try {
    const holder: unknown = await pool.client.acquireConnection();
    const name = `layover-${createHash('sha256').update(address.database).digest('hex').slice(0, 32)}`;
    try {
      const [rows] = (await pool.raw('SELECT GET_LOCK(?, ?) AS locked', [name, WAIT_SECONDS]).connection(holder)) as [
        { locked: number | null }[],
      ];
      if (rows[0]?.locked !== 1)
        throw new Error(`another control plane has been migrating ${address.database} for ${WAIT_SECONDS} s`);
      await latest(pool, true);
      await pool.raw('SELECT RELEASE_LOCK(?)', [name]).connection(holder);
    } finally {
      await pool.client.releaseConnection(holder);
    }
  } finally {
    await pool.destroy();
  }
}

/** Migrates SQLite, all in one transaction: a process that is killed leaves what was there before. */
export async function migrateSqlite(writer: Knex): Promise<void> {
  await writer.transaction((transaction) => latest(transaction, false));
}

async function latest(queries: Knex, disableTransactions: boolean): Promise<void> {
  // Whoever held knex's lock is dead: one that lives has the lock above, or the only transaction.
  await queries.migrate.forceFreeMigrationsLock({ migrationSource });
  await queries.migrate.latest({ migrationSource, disableTransactions });
}
