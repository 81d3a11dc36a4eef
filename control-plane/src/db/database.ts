import { setTimeout } from 'node:timers/promises';
import { knex } from 'knex';
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
import type { Queries, TransactionOptions, Transactions } from './queries';
import { type AnyAfterCommitStep, TransactionHooks } from './transaction-hooks';

export type { Queries, TransactionOptions, Transactions } from './queries';

/** Tries of a transaction that met a deadlock or a lock that was held too long. */
const MAX_TRIES = 6;
/** Before another try; random, because both sides of a deadlock try again. */
const BACKOFF: Backoff = { firstMs: 40, maxMs: 640, jitter: 1 };
/** How long {@link Database.close} waits for connections to end, in milliseconds. */
const CLOSE_MS = 5000;

/**
 * The database, whichever it is. Reads go to `reader`; everything that changes something is a short transaction.
 * On SQLite the reader is a connection of its own, so that a read never waits for a transaction (WAL); it sees what is committed.
 */
export class Database implements Transactions {
  private constructor(
    readonly dialect: DatabaseAddress['dialect'],
    /** For reads outside a transaction. */
    readonly reader: Queries,
    private readonly writer: Queries,
    private readonly bringUpToDate: () => Promise<void>,
    private readonly log: Logger,
  ) {}

  /** Connects, lazily. Nothing is read or created before {@link Database.migrate}. */
  static open(address: DatabaseAddress, log: Logger, limits: Partial<MysqlLimits> = {}): Database {
    if (address.dialect === 'mysql') {
      const pool = knex(mysqlConfig(address, log, { ...MYSQL_LIMITS, ...limits }));
      return new Database('mysql', pool, pool, () => migrateMysql(address, log), log);
    }
    createPrivately(address.file);
    const writer = knex(sqliteWriter(address.file, log));
    return new Database('sqlite', knex(sqliteReader(address.file, log)), writer, () => migrateSqlite(writer), log);
  }

  /** Has every statement told from now on, whichever connection runs it. */
  watch(watch: QueryWatch): void {
    for (const pool of this.pools()) watchQueries(pool, watch);
  }

  /** Connections in use, and who waits for one. */
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

  /** Brings the tables up to date. Several processes may do so at once: one works, the others wait for it. */
  async migrate(): Promise<void> {
    await retrying(this.bringUpToDate, isTransient);
  }

  /**
   * Runs `work` in one transaction. If the database reports a deadlock or a lock wait timeout,
   * `work` runs again, up to six times with growing random pauses. `work` must use only the
   * transaction that it is given: SQLite has one connection for writing.
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
    const { result, hooks } = await retrying(
      () =>
        this.writer.transaction(async (transaction) => {
          const hooks = TransactionHooks.attach(transaction, causes);
          const result = await work(transaction);
          await hooks.runBeforeCommit(transaction);
          return { result, hooks };
        }),
      (error) => isTransient(error) || (duplicateIsRace && isDuplicate(error)),
    );
    await hooks.runAfterCommit((causes) => this.causedBy(causes), this.log);
    return result;
  }

  private causedBy(causes: ReadonlySet<AnyAfterCommitStep>): Transactions {
    const { dialect, reader } = this;
    return { dialect, reader, transaction: (work, options = {}) => this.run(work, options, causes) };
  }

  /**
   * Runs reads that belong together and changes nothing: a store that writes throws if it needs
   * hooks. On SQLite the reads see one moment. On MySQL locked rows stay as they were read, and the
   * reads run again like a transaction.
   */
  async readTogether<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    if (this.dialect === 'sqlite') return this.reader.transaction((queries) => work(queries));
    return retrying(() => this.writer.transaction((queries) => work(queries)), isTransient);
  }

  /**
   * Runs reads that all see the same committed moment, without locks. `work` must not lock or change anything. (On MySQL
   * other transactions see what is committed before each statement, so this one asks for another isolation.)
   */
  async readOneMoment<T>(work: (queries: Queries) => Promise<T>): Promise<T> {
    if (this.dialect === 'sqlite') return this.reader.transaction((queries) => work(queries));
    return this.reader.transaction((queries) => work(queries), { isolationLevel: 'repeatable read' });
  }

  /** Whether the database answers; throws what it says otherwise. */
  async ping(): Promise<void> {
    await this.reader.raw('select 1');
  }

  /** Closes every connection after the statements that run; a server that says nothing is not waited for long. */
  async close(): Promise<void> {
    const pools = this.pools();
    const closed = Promise.all(pools.map((pool) => pool.destroy()));
    await withTimeout(systemClock, CLOSE_MS, closed, () => undefined);
  }
}

function retrying<T>(work: () => Promise<T>, isRetryable: (error: unknown) => boolean): Promise<T> {
  // Not on a clock of ours, whose timers let the process end: a transaction that waits is not over.
  return retry({ attempts: MAX_TRIES, backoff: BACKOFF, isRetryable, wait: setTimeout }, work);
}
