/** The driver's code of a failure (`SQLITE_…`, `ER_…`, `ECONNREFUSED`, …); empty where the error has none. */
export function databaseErrorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

/** Whether the same transaction can succeed when it is run again at once. */
export function isTransient(error: unknown): boolean {
  return ['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT'].includes(
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
  if (/^ER_(DUP_ENTRY|DATA_TOO_LONG|BAD_NULL_ERROR|TRUNCATED_WRONG_VALUE|WARN_DATA_OUT_OF_RANGE)/.test(code))
    return true;
  return code === '' && (error instanceof TypeError || error instanceof RangeError);
}
