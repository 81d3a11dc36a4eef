import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../../common/files/durable-folder';
import { lockHome } from '../../common/runtime/home-lock';
import { LOCK_WAIT_MS } from '../../common/runtime/lifecycle';
import { createLogger, type Logger } from '../../common/runtime/logger';
import { CannotStartError } from '../../common/runtime/start-failure';
import type { ControlPlaneConfig } from './config';
import { type DatabaseAddress, describeDatabase } from './db/database-address';
import { findDamage } from './db/find-damage';

/**
 * The files of a database in the order in which they are moved. The database itself is last: an
 * empty one must never meet the write-ahead log of another (sqlite.org/wal.html, "The WAL File").
 */
const SUFFIXES = ['-wal', '-shm', ''] as const;

/** Dependencies of moveDatabase. */
export interface MoveDatabaseParts {
  /** Milliseconds since the epoch, for the new name. */
  readonly now: number;
  /** Prints a line for the operator. */
  readonly say: (line: string) => void;
}

/**
 * Moves a damaged SQLite database to another name in the same folder, so that the control plane
 * starts with an empty one. Throws a CannotStartError, and changes nothing, if the database is not
 * a file, does not exist or is not damaged, or if a control plane uses it.
 */
export async function moveDatabase(
  { home, database, logLevel }: Pick<ControlPlaneConfig, 'home' | 'database' | 'logLevel'>,
  parts: MoveDatabaseParts,
): Promise<void> {
  const { say } = parts;
  const file = fileOf(database);
  const unlock = await lockHome(home, { user: 'control plane', waitMs: LOCK_WAIT_MS, onWait: say, onUnlocked: say });
  try {
    await moveIfDamaged(file, createLogger('control-plane', logLevel), parts);
  } finally {
    await unlock();
  }
}

async function moveIfDamaged(file: string, log: Logger, { now, say }: MoveDatabaseParts): Promise<void> {
  const damage = await findDamage(file, log);
  if (damage === undefined)
    throw new CannotStartError(`The database file ${file} is not damaged. Nothing was changed.`);
  const kept = `${file}.damaged-${new Date(now).toISOString().replaceAll(':', '-').replace(/\..*/, '')}`;
  for (const suffix of SUFFIXES) if (existsSync(file + suffix)) await rename(file + suffix, kept + suffix);
  await syncFolder(dirname(file));
  say(`The database file ${file} is damaged: ${damage}.`);
  say(`It is now ${kept}. The control plane creates an empty database at its next start, or within 30 s if it runs.`);
  say(
    'Organizations, robots, API tokens, audit events and statistics are in the old file only. Pulls from ' +
      'organizations that you had created are refused from then on, until you create them again.',
  );
}

function fileOf(database: DatabaseAddress): string {
  if (database.dialect !== 'sqlite')
    throw new CannotStartError(
      `The database is ${describeDatabase(database)}, which is not a file. Repair it with the tools of its server.`,
    );
  if (!existsSync(database.file)) throw new CannotStartError(`The database file ${database.file} does not exist.`);
  return database.file;
}
