import { setTimeout } from 'node:timers/promises';
import { knex } from 'knex';
import type { Backoff } from '../../../common/async/backoff';
import { withTimeout } from '../../../common/async/deadline';
import { retry } from '../../../common/async/retry';
import { systemClock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import { Table } from '../../../schema/tables';
import type { DatabaseAddress } from './database-address';
import { isDuplicate, isReadOnly, isTransient } from './database-error';
import { migrateMysql, migrateSqlite } from './migrate';
import { MYSQL_LIMITS, mysqlConfig, type MysqlLimits } from './mysql-config';
import { type PoolUse, poolUse, type QueryWatch, watchQueries } from './watch-queries';
import { createPrivately, sqliteReader, sqliteWriter } from './sqlite-config';
import type { Queries, TransactionOptions, Transactions } from './queries';
import { type AnyAfterCommitStep, TransactionHooks } from './transaction-hooks';

export type { Queries, TransactionOptions, Transactions } from './queries';

/**
 * Maximum number of attempts of a transaction that meets deadlocks, lock wait timeouts or a server
 * that is read-only.
 */
const MAX_TRIES = 6;
/** Pauses between attempts. They are random because both sides of a deadlock try again. */
const BACKOFF: Backoff = { firstMs: 40, maxMs: 640, jitter: 1 };
/** A name that no lease has, for {@link Database.probeWrite}. */
const NO_LEASE = 'write-probe';
/** How long {@link Database.close} waits for connections to close, in milliseconds. */
const CLOSE_MS = 5000;

/**
 * A SQLite or MySQL database. Reads use `reader`; every change is a short transaction. On SQLite,
 * the reader is a separate connection, so that a read never waits for a transaction (WAL). It sees
 * committed data only.
 */
export class Database implements Transactions {
  private constructor(
    readonly dialect: DatabaseAddress['dialect'],
    /** For reads outside transactions. */
    readonly reader: Queries,
    private readonly writer: Queries,
    private readonly runMigrations: () => Promise<void>,
    private readonly log: Logger,
  ) {}

  /**
   * Opens the database; connections are made on first use. Reads no data and creates no tables
   * before {@link Database.migrate}.
   */
  static open(address: DatabaseAddress, log: Logger, limits: Partial<MysqlLimits> = {}): Database {
    if (address.dialect === 'mysql') {
      const pool = knex(mysqlConfig(address, log, { ...MYSQL_LIMITS, ...limits }));
      return new Database('mysql', pool, pool, () => migrateMysql(address, log), log);
    }
    createPrivately(address.file);
    const writer = knex(sqliteWriter(address.file, log));
    return new Database('sqlite', knex(sqliteReader(address.file, log)), writer, () => migrateSqlite(writer), log);
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
   * Runs `work` in one transaction. If the database reports a deadlock, a lock wait timeout or a
   * read-only server, `work` runs again, up to six times with growing random pauses; after a
   * read-only server, on a new connection. `work` must use only the transaction that it is given:
   * SQLite has one connection for writing.
   *
   * What `work` registers with the {@link TransactionHooks} of that transaction (`hooksOf`) runs
   * before and after the commit. Resolves when both have run; only steps before the commit can make
   * the transaction fail.
   */
  async transaction<T>(work: (transaction: Queries) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.run(work, options, new Set());
  }

  private async run<T>(
    work: (transaction: Queries) => Promise<T>,
    { duplicateIsRace = false }: TransactionOptions,
    causes: ReadonlySet<AnyAfterCommitStep>,
  ): Promise<T> {
    const { result, hooks } = await withRetries(
      () =>
        this.writer.transaction(async (transaction) => {
          const hooks = TransactionHooks.attach(transaction, causes);
          const result = await work(transaction);
          await hooks.runBeforeCommit(transaction);
          return { result, hooks };
        }),
      (error) => isTransient(error) || isReadOnly(error) || (duplicateIsRace && isDuplicate(error)),
    );
    await hooks.runAfterCommit((causes) => this.causedBy(causes), this.log);
    return result;
  }

  private causedBy(causes: ReadonlySet<AnyAfterCommitStep>): Transactions {
    const { dialect, reader } = this;
    return { dialect, reader, transaction: (work, options = {}) => this.run(work, options, causes) };
  }

  /**
   * Runs reads that must be consistent; `work` must not change data: a store that writes throws if
   * it needs hooks. On SQLite the reads see one snapshot. On MySQL, only rows that they lock stay
   * unchanged, and the reads are retried like a transaction.
   */
  async readTogether<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    if (this.dialect === 'sqlite') return this.reader.transaction((queries) => work(queries));
    return withRetries(() => this.writer.transaction((queries) => work(queries)), isTransient);
  }

  /**
   * Runs reads that all see the same committed state, without locks. `work` must not lock rows or
   * change data. On MySQL, other transactions see all data that was committed before each
   * statement, so this one uses REPEATABLE READ.
   */
  async readOneMoment<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    if (this.dialect === 'sqlite') return this.reader.transaction((queries) => work(queries));
    return this.reader.transaction((queries) => work(queries), { isolationLevel: 'repeatable read' });
  }

  /** Throws the driver's error if the database does not answer. */
  async ping(): Promise<void> {
    await this.reader.raw('select 1');
  }

  /**
   * Throws the driver's error if a MySQL server takes no writes. The statement changes nothing: a
   * server that is read-only refuses it nevertheless. Does nothing on SQLite, which has one
   * connection for writing.
   */
  async probeWrite(): Promise<void> {
    if (this.dialect === 'sqlite') return;
    await this.writer(Table.maintenanceLeases).where('name', NO_LEASE).update({ valid_until: 0 });
  }

  /** Closes all connections after their running statements, and waits at most {@link CLOSE_MS}. */
  async close(): Promise<void> {
    const pools = this.pools();
    const closed = Promise.all(pools.map((pool) => pool.destroy()));
    await withTimeout(systemClock, CLOSE_MS, closed, () => undefined);
  }
}

function withRetries<T>(work: () => Promise<T>, isRetryable: (error: unknown) => boolean): Promise<T> {
  // Uses a timer that keeps the process alive, unlike those of Clock, because a transaction that
  // waits for its next attempt must still run.
  return retry({ attempts: MAX_TRIES, backoff: BACKOFF, isRetryable, wait: setTimeout }, work);
}
