import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Knex, knex } from 'knex';
import type { Logger } from '../../../common/runtime/logger';
import { migrationSource } from '../../../schema/migrations/migration-source';
import type { DatabaseAddress } from './database-address';
import { isTransient } from './database-error';

/** What a statement runs on: the reader, or a transaction. */
export type Queries = Knex;

/** Tries of a transaction that met a deadlock or a lock that was held too long. */
const MAX_TRIES = 5;

/**
 * The database, whichever it is. Reads go to `reader`; everything that changes something is a short transaction.
 * On SQLite the reader is a connection of its own, so that a read never waits for a transaction (WAL); it sees what is committed.
 */
export class Database {
  private constructor(
    readonly dialect: DatabaseAddress['dialect'],
    /** For reads outside a transaction. */
    readonly reader: Queries,
    private readonly writer: Queries,
  ) {}

  /** Connects, lazily. Nothing is read or created before {@link Database.migrate}. */
  static open(address: DatabaseAddress, log: Logger): Database {
    if (address.dialect === 'mysql') {
      const pool = knex(mysqlConfig(address, log));
      return new Database('mysql', pool, pool);
    }
    createPrivately(address.file);
    const writer = knex(sqliteConfig(address.file, log, ['journal_mode = WAL', ...SQLITE_PRAGMAS]));
    const reader = knex(sqliteConfig(address.file, log, [...SQLITE_PRAGMAS, 'query_only = ON']));
    return new Database('sqlite', reader, writer);
  }

  /**
   * Brings the tables up to date. Several processes may do so at once on MySQL: one works, the others wait for its lock
   * (30 s; a process that died while it held the lock leaves it, and the error says so).
   */
  async migrate(): Promise<void> {
    for (let waited = 0; ; waited += 500) {
      try {
        await this.writer.migrate.latest({ migrationSource });
        return;
      } catch (error) {
        const locked = error instanceof Error && error.name === 'MigrationLocked';
        if (!locked || waited >= 30_000) throw error;
        await new Promise((resume) => setTimeout(resume, 500));
      }
    }
  }

  /**
   * Runs `work` in one transaction, again when the database asked for that (deadlock, lock wait). `work` must use only
   * the transaction it is given: on SQLite there is one connection to write with.
   */
  async transaction<T>(work: (transaction: Queries) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.writer.transaction((transaction) => work(transaction));
      } catch (error) {
        if (attempt >= MAX_TRIES || !isTransient(error)) throw error;
        await new Promise((resume) => setTimeout(resume, Math.random() * 20 * 2 ** attempt));
      }
    }
  }

  /** Whether the database answers; throws what it says otherwise. */
  async ping(): Promise<void> {
    await this.reader.raw('select 1');
  }

  /** Closes every connection after the statements that run. */
  async close(): Promise<void> {
    await this.reader.destroy();
    if (this.writer !== this.reader) await this.writer.destroy();
  }
}

/**
 * synchronous=FULL: what RecordPulls and AdmitManifest acknowledge must survive a power cut, because the data plane then
 * deletes its journal. It costs one fsync for each transaction; records come in batches of up to 500.
 */
const SQLITE_PRAGMAS = ['synchronous = FULL', 'foreign_keys = ON', 'busy_timeout = 5000', 'cache_size = -65536'];

interface SqliteConnection {
  pragma(text: string): unknown;
}

function sqliteConfig(filename: string, log: Logger, pragmas: readonly string[]): Knex.Config {
  return {
    client: 'better-sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    // More than one connection that writes would block this process for busy_timeout and then fail (library-facts section 2).
    pool: {
      min: 1,
      max: 1,
      afterCreate(connection: SqliteConnection, done: (error: Error | null, connection: SqliteConnection) => void) {
        for (const pragma of pragmas) connection.pragma(pragma);
        done(null, connection);
      },
    },
    log: knexLog(log),
  };
}

interface MysqlConnection {
  query(sql: string, done: (error: Error | null) => void): void;
}

function mysqlConfig(address: Extract<DatabaseAddress, { dialect: 'mysql' }>, log: Logger): Knex.Config {
  return {
    client: 'mysql2',
    connection: {
      host: address.host,
      port: address.port,
      user: address.user,
      password: address.password,
      database: address.database,
      charset: 'utf8mb4',
      timezone: 'Z',
      supportBigNumbers: true,
      connectTimeout: 5000,
    },
    pool: {
      min: 0,
      max: 10,
      // Strict mode: a value that doesn't fit is an error, not a shorter value. READ COMMITTED: fewer gap locks, so fewer deadlocks.
      afterCreate(connection: MysqlConnection, done: (error: Error | null, connection: MysqlConnection) => void) {
        connection.query(
          "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'",
          (failure) => {
            if (failure !== null) return done(failure, connection);
            connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED', (error) =>
              done(error, connection),
            );
          },
        );
      },
    },
    log: knexLog(log),
  };
}

/** The file is 0600 before anything is in it. */
function createPrivately(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (existsSync(file)) chmodSync(file, 0o600);
  else closeSync(openSync(file, 'a', 0o600));
}

function knexLog(log: Logger): Knex.Logger {
  return {
    warn: (message: unknown) => log.warn({ knex: String(message) }, 'knex'),
    error: (message: unknown) => log.error({ knex: String(message) }, 'knex'),
    deprecate: (method: unknown, alternative: unknown) =>
      log.debug({ knex: `${String(method)} -> ${String(alternative)}` }, 'knex'),
    debug: () => undefined,
  };
}
