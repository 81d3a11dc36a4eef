import { existsSync } from 'node:fs';
import type { Logger } from '../../../common/runtime/logger';
import { Database } from '../db/database';
import { type DatabaseAddress, describeDatabase } from '../db/database-address';
import { whyUnavailable } from '../db/database-error';
import { migrationState } from '../db/migration-state';
import { CannotRunError } from './parts/stop-reasons';

/** Maximum number of MySQL connections; fsck does one thing at a time. */
const CONNECTIONS = 4;

/**
 * Opens the database of a control plane, without creating or changing anything. Throws a
 * CannotRunError if the database does not exist, does not answer, or was not migrated by exactly
 * this version.
 */
export async function openDatabase(address: DatabaseAddress, pool: number, log: Logger): Promise<Database> {
  const name = describeDatabase(address);
  if (address.dialect === 'sqlite' && !existsSync(address.file))
    throw new CannotRunError(
      `The database ${name} does not exist. Set LAYOVER_HOME or LAYOVER_DATABASE_URL as for the ` +
        'control plane, then run fsck again.',
    );
  const database = Database.open(address, log, { connections: Math.min(pool, CONNECTIONS) });
  try {
    const { missing, unknown } = await migrationState(database.reader);
    if (unknown.length > 0)
      throw new CannotRunError(
        `The database ${name} was migrated by a newer version of Layover ` +
          `(${unknown.join(', ')}). Run the fsck of that version. Nothing was changed.`,
      );
    if (missing.length > 0)
      throw new CannotRunError(
        `The database ${name} was not migrated by this version of Layover (missing: ` +
          `${missing.join(', ')}). Start the control plane of this version once, then run fsck ` +
          'again. Nothing was changed.',
      );
    return database;
  } catch (error) {
    await database.close();
    const reason = whyUnavailable(error);
    if (reason === undefined) throw error;
    throw new CannotRunError(`The database ${name} is unavailable. ${reason}`);
  }
}
