import { join } from 'node:path';
import { createLogger } from '../../../common/runtime/logger';
import { Database } from '../../../control-plane/src/db/database';
import { parseDatabaseUrl } from '../../../control-plane/src/db/database-address';
import { MARIADB } from '../../../test/support/mysql-server/mariadb';
import { MysqlServer } from '../../../test/support/mysql-server/mysql-server';
import { findProgram } from '../../../test/support/real/programs';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';

/** A new database with Layover's tables, in a folder that goes with it. */
export interface BenchDatabase {
  readonly name: 'SQLite' | 'MariaDB';
  readonly url: string;
  readonly folder: string;
  readonly database: Database;
}

/** Which databases this machine can measure. */
export function databaseNames(): readonly BenchDatabase['name'][] {
  return MARIADB.programs.every((name) => findProgram(name) !== undefined) ? ['SQLite', 'MariaDB'] : ['SQLite'];
}

/** What the tests' server has is too small for a million tags; a server that is measured gets what a small one in use has. */
const MARIADB_SETTINGS = [
  'SET GLOBAL innodb_buffer_pool_size = 1073741824',
  'SET GLOBAL innodb_log_file_size = 536870912',
];

/**
 * Runs `use` with a database and takes that away however it went. SQLite syncs every commit, as Layover has it; MariaDB is a
 * server for tests, which syncs nothing.
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
