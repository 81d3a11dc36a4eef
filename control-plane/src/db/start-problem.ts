import { type DatabaseAddress, describeDatabase } from './database-address';
import { databaseErrorCode, isDamage, whyUnavailable } from './database-error';

/** Errors of a server that runs and does not let this user in. */
const REFUSALS = ['ER_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_BAD_DB_ERROR'];

/**
 * Returns the message for an operator whose control plane did not start because of its database:
 * what happened, to which database, and what to do. Returns undefined for any other error.
 */
export function describeDatabaseProblem(address: DatabaseAddress, error: unknown): string | undefined {
  const code = databaseErrorCode(error);
  if (address.dialect === 'sqlite') {
    if (isDamage(error)) return describeDamage(address.file, code);
    if (!code.startsWith('SQLITE_') || whyUnavailable(error) === undefined) return undefined;
    return (
      `The database file ${address.file} cannot be read or written (${code}). Check its disk: it may be full, ` +
      'read-only or broken.'
    );
  }
  const isRefusal = REFUSALS.includes(code);
  if (!isRefusal && whyUnavailable(error) === undefined) return undefined;
  const how = code === '' ? '' : ` (${code})`;
  return isRefusal
    ? `The database ${describeDatabase(address)} refuses the connection${how}. Check the user, the password and ` +
        'the name in LAYOVER_DATABASE_URL.'
    : `The database ${describeDatabase(address)} does not answer or cannot be written${how}. Check that its server ` +
        'runs, and that LAYOVER_DATABASE_URL is its address.';
}

/**
 * Returns the message for a damaged SQLite file. Layover never replaces the file by itself: an
 * operator may want to restore or repair it, and an empty database refuses the pulls of all
 * organizations that the operator created.
 */
function describeDamage(file: string, code: string): string {
  return (
    `The database file ${file} is damaged (${code}). Nothing was changed. Stop Layover and restore a backup of the ` +
    'file, or run "npm run move-database", which keeps the damaged file under another name and lets Layover start ' +
    'with an empty database. See "The database is damaged" in docs/operations.md.'
  );
}
