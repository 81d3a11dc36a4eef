/** The driver's code of a failure (`SQLITE_…`, `ER_…`, `ECONNREFUSED`, …); empty where the error has none. */
export function databaseErrorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** Whether the same transaction can succeed when it is run again at once. */
export function isTransient(error: unknown): boolean {
  return ['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD', 'SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT'].includes(
    databaseErrorCode(error),
  );
}

/** Whether a row with that key is there already. */
export function isDuplicate(error: unknown): boolean {
  return ['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'ER_DUP_ENTRY'].includes(
    databaseErrorCode(error),
  );
}

/** Whether the data is to blame and not the database: such a statement fails every time, so it must not be tried for ever. */
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

/** Failures of a server that is away, going away, full, read-only after a failover, or out of connections. */
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
  'ER_READ_ONLY_MODE',
  'ER_DISK_FULL',
  'ER_RECORD_FILE_FULL',
  'ER_ERROR_ON_WRITE',
]);

/**
 * What to tell a caller whose request failed because the database can't be used at present, without any detail of the
 * database; undefined for every other failure. The same request may be sent again.
 */
export function whyUnavailable(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { name, message, fatal } = error as Partial<Error> & { fatal?: unknown };
  const code = databaseErrorCode(error);
  if (name === 'KnexTimeoutError')
    return 'Every connection to the database is in use (LAYOVER_DATABASE_POOL); try again.';
  if (isTransient(error)) return 'The database is busy with other changes; try again.';
  if (/^SQLITE_(FULL|IOERR|CANTOPEN|READONLY|LOCKED|NOMEM)/.test(code))
    return 'The database cannot be read or written; its disk may be full. Try again later.';
  if (AWAY.has(code) || fatal === true) return 'The database does not answer; try again.';
  // knex, while it closes.
  if (code === '' && /^Unable to acquire a connection|^aborted$|closed state$/.test(message ?? ''))
    return 'The database does not answer; try again.';
  return undefined;
}
