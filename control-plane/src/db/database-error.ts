/**
 * Returns the driver's error code (`SQLITE_…`, `ER_…`, `ECONNREFUSED`, …), or an empty string if
 * there is none.
 */
export function databaseErrorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** Returns whether the transaction may succeed if it is retried immediately. */
export function isTransient(error: unknown): boolean {
  return ['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD', 'SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT'].includes(
    databaseErrorCode(error),
  );
}

/**
 * Returns whether a MySQL server refused the statement because it is read-only, as the old server
 * is after a failover. The transaction was rolled back, also if its COMMIT was refused, and may
 * succeed on another connection.
 */
export function isReadOnly(error: unknown): boolean {
  switch (databaseErrorCode(error)) {
    case 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION': // 1792
    case 'ER_READ_ONLY_MODE': // 1836
      return true;
    case 'ER_OPTION_PREVENTS_STATEMENT': // 1290, also of other options, such as secure_file_priv
      return /read[-_]only/.test((error as Partial<Error>).message ?? '');
    default:
      return false;
  }
}

/** Returns whether the error is a duplicate key. */
export function isDuplicate(error: unknown): boolean {
  return ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'ER_DUP_ENTRY'].includes(
    databaseErrorCode(error),
  );
}

/**
 * Returns whether the data caused the error, not the database. Such a statement fails every time,
 * so it must not be retried for ever.
 */
export function isDataError(error: unknown): boolean {
  const code = databaseErrorCode(error);
  if (code.startsWith('SQLITE_CONSTRAINT') || code === 'SQLITE_MISMATCH' || code === 'SQLITE_TOOBIG') return true;
  if (
    /^ER_(DUP_ENTRY|DATA_TOO_LONG|BAD_NULL_ERROR|TRUNCATED_WRONG_VALUE|WARN_DATA_OUT_OF_RANGE|DATA_OUT_OF_RANGE|NET_PACKET_TOO_LARGE)/.test(
      code,
    )
  )
    return true;
  return code === '' && (error instanceof TypeError || error instanceof RangeError);
}

/** Returns whether the SQLite file is damaged, or is no SQLite file. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(databaseErrorCode(error));
}

/**
 * Errors of a server that is unreachable, shutting down, full, or out of connections.
 */
const AWAY = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ER_SERVER_SHUTDOWN',
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_USER_LIMIT_REACHED',
  'ER_QUERY_INTERRUPTED',
  'ER_NEW_ABORTING_CONNECTION',
  'ER_CONNECTION_KILLED',
  'ER_ACCESS_DENIED_ERROR',
  'ER_DBACCESS_DENIED_ERROR',
  'ER_OPTION_PREVENTS_STATEMENT',
  'ER_DISK_FULL',
  'ER_RECORD_FILE_FULL',
  'ER_ERROR_ON_WRITE',
]);

/**
 * Returns the message for a caller whose request failed because the database is unavailable,
 * without details of the database. Returns undefined for any other error. The caller may retry the
 * request.
 */
export function whyUnavailable(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { name, message, fatal } = error as Partial<Error> & { fatal?: unknown };
  const code = databaseErrorCode(error);
  if (name === 'KnexTimeoutError')
    return 'All database connections are in use. Try again, or raise LAYOVER_DATABASE_POOL.';
  if (isTransient(error)) return 'The database is busy with other changes. Try again.';
  if (/^SQLITE_(FULL|IOERR|CANTOPEN|READONLY|LOCKED|NOMEM)/.test(code))
    return 'The database cannot be read or written; its disk may be full. Try again later.';
  if (isReadOnly(error)) return 'The database server is read-only, for example after a failover. Try again later.';
  if (AWAY.has(code) || fatal === true) return 'The database does not answer. Try again later.';
  // knex throws these while it closes.
  if (code === '' && /^Unable to acquire a connection|^aborted$|closed state$/.test(message ?? ''))
    return 'The database does not answer. Try again later.';
  return undefined;
}
