import type { Knex } from 'knex';
import type { Logger } from '../../../common/runtime/logger';
import { ConnectionAges } from './connection-ages';
import type { DatabaseAddress } from './database-address';
import { isReadOnly } from './database-error';
import { knexLog } from './knex-log';
import { readText } from './read-text';

/** Limits on the use of a MySQL server. Times are in milliseconds. */
export interface MysqlLimits {
  /** Maximum number of connections (LAYOVER_DATABASE_POOL). */
  readonly connections: number;
  /** How long a caller waits for a free connection. */
  readonly acquireMs: number;
  /** How long a statement may run before its connection is closed; undefined for no limit. */
  readonly statementMs: number | undefined;
  /** How long the server keeps a connection without a statement, in seconds. */
  readonly silenceSeconds: number;
}

/**
 * Callers of the Catalog wait ten seconds, so they get an error before that. No statement needs a
 * minute unless the server is gone without closing the connection.
 */
export const MYSQL_LIMITS: MysqlLimits = {
  connections: 10,
  acquireMs: 8000,
  statementMs: 60_000,
  silenceSeconds: 60,
};

/**
 * Statements that every session runs, independent of the server's settings. Strict mode: a value
 * that does not fit is an error and is not truncated. READ COMMITTED: a statement after a lock sees
 * what was committed before it, and fewer gap locks mean fewer deadlocks. The lock wait is short
 * because the transaction is retried. A connection that a network swallowed in a transaction holds
 * its locks until the server gives it up, which by default is after eight hours.
 */
const sessionOf = (silenceSeconds: number): readonly string[] => [
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO', " +
    "time_zone = '+00:00', innodb_lock_wait_timeout = 5, " +
    `wait_timeout = ${silenceSeconds}`,
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];

type Callback = (error: Error | null, ...results: unknown[]) => void;

interface MysqlConnection {
  query(sql: unknown, ...rest: unknown[]): unknown;
  readonly stream: { destroy(error: Error): void };
}

/** Returns the knex configuration for a pool of MySQL connections. */
export function mysqlConfig(
  address: Extract<DatabaseAddress, { dialect: 'mysql' }>,
  log: Logger,
  { connections, acquireMs, statementMs, silenceSeconds }: MysqlLimits,
): Knex.Config {
  const ages = new ConnectionAges();
  const session = sessionOf(silenceSeconds);
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
        ages.add(connection);
        watchStatements(connection, statementMs, (error) => {
          if (isReadOnly(error)) ages.giveUp(connection);
        });
        const set = (index: number): void => {
          const statement = session[index];
          if (statement === undefined) return done(null, connection);
          connection.query(statement, (error: Error | null) =>
            error === null ? set(index + 1) : done(error, connection),
          );
        };
        set(0);
      },
      // knex closes a connection that is not usable, and makes another one.
      validate: (connection: MysqlConnection) => ages.isUsable(connection),
    },
    log: knexLog(log),
  };
}

/**
 * Destroys a connection if a statement does not finish within the limit, and passes the error of
 * every statement that fails to `failed`. Without the limit, mysql2 would wait for the TCP timeout,
 * about 15 minutes, and block every caller that waits for a connection.
 */
function watchStatements(
  connection: MysqlConnection,
  limitMs: number | undefined,
  failed: (error: unknown) => void,
): void {
  const query = connection.query.bind(connection);
  connection.query = (...args: unknown[]) => {
    const done = args.at(-1);
    // Streamed rows have no callback; their readers have their own time limit.
    if (typeof done !== 'function') return query(...(args as [unknown]));
    const cancel = limitMs === undefined ? () => undefined : destroyAfter(connection, limitMs);
    const finish: Callback = (...results) => {
      cancel();
      if (results[0] !== null) failed(results[0]);
      (done as Callback)(...results);
    };
    return query(...(args.slice(0, -1) as [unknown]), finish);
  };
}

/** Destroys the connection after `limitMs`, unless the returned function is called before. */
function destroyAfter(connection: MysqlConnection, limitMs: number): () => void {
  const timer = setTimeout(() => {
    const late = new Error(`The database did not answer a statement within ${limitMs} ms.`);
    connection.stream.destroy(Object.assign(late, { code: 'ETIMEDOUT' }));
  }, limitMs);
  timer.unref();
  return () => clearTimeout(timer);
}
