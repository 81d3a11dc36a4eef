import type { Knex } from 'knex';
import type { Logger } from '../../../common/runtime/logger';
import type { DatabaseAddress } from './database-address';
import { knexLog } from './knex-log';
import { readText } from './read-text';

/** How this process uses a MySQL server; times in milliseconds. */
export interface MysqlLimits {
  /** Connections at most (LAYOVER_DATABASE_POOL). */
  readonly connections: number;
  /** How long a caller waits for a free connection. */
  readonly acquireMs: number;
  /** How long a statement may take before its connection is given up; undefined = for ever. */
  readonly statementMs: number | undefined;
}

/**
 * A caller of the Catalog waits ten seconds, so it hears within that why it gets nothing. No statement takes a minute
 * but one that waits for a server that is gone without a word.
 */
export const MYSQL_LIMITS: MysqlLimits = { connections: 10, acquireMs: 8000, statementMs: 60_000 };

/**
 * What every session sets, whatever the server's own settings are. Strict mode: a value that doesn't fit is an error,
 * not a shorter value. READ COMMITTED: a statement after a lock sees what was committed before it, and fewer gaps are
 * locked, so fewer deadlocks. The lock wait is short because the transaction is run again.
 */
const SESSION = [
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO', " +
    "time_zone = '+00:00', innodb_lock_wait_timeout = 5",
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];

type Callback = (error: Error | null, ...results: unknown[]) => void;

interface MysqlConnection {
  query(sql: unknown, ...rest: unknown[]): unknown;
  readonly stream: { destroy(error: Error): void };
}

/** A pool of connections to MySQL. */
export function mysqlConfig(
  address: Extract<DatabaseAddress, { dialect: 'mysql' }>,
  log: Logger,
  { connections, acquireMs, statementMs }: MysqlLimits,
): Knex.Config {
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
      typeCast: readText,
      connectTimeout: 5000,
      enableKeepAlive: true,
    },
    acquireConnectionTimeout: acquireMs,
    pool: {
      min: 0,
      max: connections,
      afterCreate(connection: MysqlConnection, done: (error: Error | null, connection: MysqlConnection) => void) {
        if (statementMs !== undefined) limitStatements(connection, statementMs);
        const set = (index: number): void => {
          const statement = SESSION[index];
          if (statement === undefined) return done(null, connection);
          connection.query(statement, (error: Error | null) =>
            error === null ? set(index + 1) : done(error, connection),
          );
        };
        set(0);
      },
    },
    log: knexLog(log),
  };
}

/**
 * Gives up a connection whose server says nothing: mysql2 would wait for as long as TCP does, a quarter of an hour, and
 * with it everyone who waits for a free connection.
 */
function limitStatements(connection: MysqlConnection, limitMs: number): void {
  const query = connection.query.bind(connection);
  connection.query = (...args: unknown[]) => {
    const done = args.at(-1);
    // Rows as a stream have no end to wait for here; who reads them has a limit of their own.
    if (typeof done !== 'function') return query(...(args as [unknown]));
    const timer = setTimeout(() => {
      const late = new Error(`the database did not answer a statement within ${limitMs} ms`);
      connection.stream.destroy(Object.assign(late, { code: 'ETIMEDOUT' }));
    }, limitMs);
    timer.unref();
    const finish: Callback = (...results) => {
      clearTimeout(timer);
      (done as Callback)(...results);
    };
    return query(...(args.slice(0, -1) as [unknown]), finish);
  };
}
