import { join } from 'node:path';
import { createLogger } from '../../../common/runtime/logger';
import { Database } from '../../../control-plane/src/db/database';
import { parseDatabaseUrl } from '../../../control-plane/src/db/database-address';
import { MARIADB } from '../../../test/support/mysql-server/mariadb';
import { MysqlServer } from '../../../test/support/mysql-server/mysql-server';
import { findProgram } from '../../../test/support/real/programs';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';

/** A new database with Layover's tables, in a folder that is deleted with it. */
export interface BenchDatabase {
  readonly name: 'SQLite' | 'MariaDB';
  readonly url: string;
  readonly folder: string;
  readonly database: Database;
}

/** Returns the databases that can be measured on this machine. */
export function databaseNames(): readonly BenchDatabase['name'][] {
  return MARIADB.programs.every((name) => findProgram(name) !== undefined) ? ['SQLite', 'MariaDB'] : ['SQLite'];
}

/**
 * The settings of the test server are too small for a million tags. A measured server gets those of
 * a small production server.
 */
const MARIADB_SETTINGS = [
  'SET GLOBAL innodb_buffer_pool_size = 1073741824',
  'SET GLOBAL innodb_log_file_size = 536870912',
];

/**
 * Runs `use` with a database and always deletes the database afterwards. SQLite syncs every commit,
 * as in production. MariaDB is a test server that does not sync.
 */
export async function withDatabase<T>(
  name: BenchDatabase['name'],
  use: (database: BenchDatabase) => Promise<T>,
): Promise<T> {
  const folder = await temporaryFolder('bench');
  const server = name === 'MariaDB' ? await MysqlServer.start(MARIADB) : undefined;
  try {
    await server?.execute(...MARIADB_SETTINGS, 'CREATE DATABASE bench');
    const url = server === undefined ? `sqlite:${join(folder.path, 'bench.sqlite')}` : `${server.url}/bench`;
    const database = Database.open(parseDatabaseUrl(url)!, createLogger('bench', 'warn'));
    try {
      await database.migrate();
      return await use({ name, url, folder: folder.path, database });
    } finally {
      await database.close();
    }
  } finally {
    await server?.remove();
    await folder.remove();
  }
}
