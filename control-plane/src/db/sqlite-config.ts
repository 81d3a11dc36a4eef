import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Knex } from 'knex';
import { makeDurableFolderSync } from '../../../common/files/durable-folder';
import type { Logger } from '../../../common/runtime/logger';
import { type PreparingConnection, takeTurns } from './event-loop-turns';
import { keepStatements } from './kept-statements';
import { knexLog } from './knex-log';

/**
 * synchronous=FULL: what RecordPulls and AdmitManifest acknowledge must survive a power cut,
 * because the data plane then deletes its journal. It costs one fsync for each transaction; records
 * come in batches of up to 500.
 */
const PRAGMAS = ['synchronous = FULL', 'foreign_keys = ON', 'busy_timeout = 5000', 'cache_size = -65536'];

interface SqliteConnection extends PreparingConnection {
  pragma(text: string): unknown;
}

/**
 * Returns the knex configuration of the connection that writes. There is only one: a second writer
 * would block this process for busy_timeout and then fail
 * (docs/design/errors.md#database-differences).
 */
export function sqliteWriter(file: string, log: Logger): Knex.Config {
  return sqliteConfig(file, log, ['journal_mode = WAL', ...PRAGMAS]);
}

/** Returns the knex configuration of the connection that reads, also while a transaction runs. */
export function sqliteReader(file: string, log: Logger): Knex.Config {
  return sqliteConfig(file, log, [...PRAGMAS, 'query_only = ON']);
}

/**
 * Creates the database file with mode 0600 before it has content, and its folder durably. SQLite
 * syncs the names of its files, but not the name of the folder that contains them.
 */
export function createPrivately(file: string): void {
  makeDurableFolderSync(dirname(file));
  if (existsSync(file)) chmodSync(file, 0o600);
  else closeSync(openSync(file, 'a', 0o600));
}

function sqliteConfig(filename: string, log: Logger, pragmas: readonly string[]): Knex.Config {
  return {
    client: 'better-sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    pool: {
      min: 1,
      max: 1,
      afterCreate(connection: SqliteConnection, done: (error: Error | null, connection: SqliteConnection) => void) {
        for (const pragma of pragmas) connection.pragma(pragma);
        takeTurns(connection);
        keepStatements(connection);
        done(null, connection);
      },
    },
    log: knexLog(log),
  };
}
