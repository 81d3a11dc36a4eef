import { existsSync } from 'node:fs';
import type { Logger } from '../../../common/runtime/logger';
import { Database } from '../db/database';
import type { DatabaseAddress } from '../db/database-address';
import { whyUnavailable } from '../db/database-error';
import { migrationState } from '../db/migration-state';
import { CannotRunError } from './parts/stop-reasons';

/** Connections to MySQL: it does one thing at a time. */
const CONNECTIONS = 4;

/**
 * Opens the database of a control plane, and creates or changes nothing. Throws a CannotRunError when it is not there, does not answer, or was
 * not migrated by this very version.
 */
export async function openDatabase(address: DatabaseAddress, pool: number, log: Logger): Promise<Database> {
  const name = describeDatabase(address);
  if (address.dialect === 'sqlite' && !existsSync(address.file))
    throw new CannotRunError(
      `There is no database at ${name}. Set LAYOVER_HOME or LAYOVER_DATABASE_URL as for the control plane, and run fsck again.`,
    );
  const database = Database.open(address, log, { connections: Math.min(pool, CONNECTIONS) });
  try {
    const { missing, unknown } = await migrationState(database.reader);
    if (unknown.length > 0)
      throw new CannotRunError(
        `${name} was migrated by a newer version of Layover (${unknown.join(', ')}). Nothing was done: run the fsck of that version.`,
      );
    if (missing.length > 0)
      throw new CannotRunError(
        `${name} has not been migrated by this version of Layover (${missing.join(', ')} missing). Nothing was done: start ` +
          'the control plane of this version once, and run fsck again.',
      );
    return database;
  } catch (error) {
    await database.close();
    const reason = whyUnavailable(error);
    if (reason === undefined) throw error;
    throw new CannotRunError(`${name}: ${reason}`);
  }
}

/** A database without its user and password. */
export function describeDatabase(address: DatabaseAddress): string {
  return address.dialect === 'sqlite'
    ? `sqlite:${address.file}`
    : `mysql://${address.host}:${address.port}/${address.database}`;
}
