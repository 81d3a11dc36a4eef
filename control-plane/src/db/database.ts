import { setTimeout } from 'node:timers/promises';
import { type Knex, knex } from 'knex';
import type { Backoff } from '../../../common/async/backoff';
import { withTimeout } from '../../../common/async/deadline';
import { retry } from '../../../common/async/retry';
import { systemClock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { DatabaseAddress } from './database-address';
import { isDuplicate, isTransient } from './database-error';
import { migrateMysql, migrateSqlite } from './migrate';
import { MYSQL_LIMITS, mysqlConfig, type MysqlLimits } from './mysql-config';
import { type PoolUse, poolUse, type QueryWatch, watchQueries } from './watch-queries';
import { createPrivately, sqliteReader, sqliteWriter } from './sqlite-config';

/** What a statement runs on: the reader or a transaction. */
export type Queries = Knex;

/** Attempts of a transaction that meets deadlocks or lock wait timeouts. */
const MAX_TRIES = 6;
/** Pauses between attempts. They are random because both sides of a deadlock try again. */
const BACKOFF: Backoff = { firstMs: 40, maxMs: 640, jitter: 1 };
/** How long {@link Database.close} waits for connections to close, in milliseconds. */
const CLOSE_MS = 5000;

/** Options of {@link Database.transaction}. */
export interface TransactionOptions {
  /**
   * If true, a duplicate key means that another transaction inserted the row first, so `work` runs
   * again and sees that row. If false, the duplicate-key error goes to the caller. Set it if `work`
   * checks for the row before it inserts.
   */
  readonly duplicateIsRace?: boolean;
}

/**
 * A SQLite or MySQL database. Reads use `reader`; every change is a short transaction. On SQLite,
 * the reader is a separate connection, so that a read never waits for a transaction (WAL). It sees
 * committed data only.
 */
export class Database {
  private constructor(
    readonly dialect: DatabaseAddress['dialect'],
    /** For reads outside transactions. */
    readonly reader: Queries,
    private readonly writer: Queries,
    private readonly runMigrations: () => Promise<void>,
  ) {}

  /**
   * Opens the database; connections are made on first use. Reads no data and creates no tables
   * before {@link Database.migrate}.
   */
  static open(address: DatabaseAddress, log: Logger, limits: Partial<MysqlLimits> = {}): Database {
    if (address.dialect === 'mysql') {
      const pool = knex(mysqlConfig(address, log, { ...MYSQL_LIMITS, ...limits }));
      return new Database('mysql', pool, pool, () => migrateMysql(address, log));
    }
    createPrivately(address.file);
    const writer = knex(sqliteWriter(address.file, log));
    return new Database('sqlite', knex(sqliteReader(address.file, log)), writer, () => migrateSqlite(writer));
  }

  /** Calls `watch` after every statement from now on, on every connection. */
  watch(watch: QueryWatch): void {
    for (const pool of this.pools()) watchQueries(pool, watch);
  }

  /** Returns how many connections are in use and how many callers wait for one. */
  poolUse(): PoolUse {
    const uses = this.pools().map(poolUse);
    return {
      used: uses.reduce((sum, { used }) => sum + used, 0),
      waiting: uses.reduce((sum, { waiting }) => sum + waiting, 0),
    };
  }

  private pools(): readonly Queries[] {
    return this.writer === this.reader ? [this.reader] : [this.reader, this.writer];
  }

  /**
   * Brings the tables up to date. If several processes do it at once, one migrates and the others
   * wait.
   */
  async migrate(): Promise<void> {
    await withRetries(this.runMigrations, isTransient);
  }

  /**
   * Runs `work` in one transaction. Retries it on deadlocks and lock wait timeouts, up to six
   * attempts in total, with growing random pauses. `work` must only use the transaction that it
   * gets: SQLite has only one connection for writing.
   */
  async transaction<T>(
    work: (transaction: Queries) => Promise<T>,
    { duplicateIsRace = false }: TransactionOptions = {},
  ): Promise<T> {
    return withRetries(
      () => this.writer.transaction((transaction) => work(transaction)),
      (error) => isTransient(error) || (duplicateIsRace && isDuplicate(error)),
    );
  }

  /**
   * Runs reads that must be consistent; `work` must not change data. On SQLite they see one
   * snapshot. On MySQL, only rows that they lock stay unchanged, and they are retried like a
   * transaction.
   */
  async readTogether<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    if (this.dialect === 'mysql') return this.transaction(work);
    return this.reader.transaction((queries) => work(queries));
  }

  /** Throws the driver's error if the database does not answer. */
  async ping(): Promise<void> {
    await this.reader.raw('select 1');
  }

  /** Closes all connections after their running statements, and waits at most {@link CLOSE_MS}. */
  async close(): Promise<void> {
    const pools = this.pools();
    const closed = Promise.all(pools.map((pool) => pool.destroy()));
    await withTimeout(systemClock, CLOSE_MS, closed, () => undefined);
  }
}

function withRetries<T>(work: () => Promise<T>, isRetryable: (error: unknown) => boolean): Promise<T> {
  // Uses a timer that keeps the process alive, unlike those of Clock: a waiting transaction is not
  // over.
  return retry({ attempts: MAX_TRIES, backoff: BACKOFF, isRetryable, wait: setTimeout }, work);
}
