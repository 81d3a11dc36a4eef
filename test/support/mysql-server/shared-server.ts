import { createLogger } from '../../../common/runtime/logger';
import { Database } from '../../../control-plane/src/db/database';
import type { Flavour } from './flavour';
import { MysqlServer } from './mysql-server';

/** The migrated database. The databases of suites are copies of it. */
export const TEMPLATE = 'layover_template';

/** Table with the names of copies of the template that no test uses. */
export const FREE_DATABASES = 'layover_free.free_databases';

/** Servers of this run. Global setup and global teardown both run in the main process of Jest. */
const running = new Set<MysqlServer>();

/**
 * Returns the environment variable with the URL of the server of a project. Workers of other
 * projects do not read it.
 */
export function sharedServerVariable(project: string): string {
  return `LAYOVER_TEST_${project.toUpperCase()}_SHARED`;
}

/**
 * Starts the server that all suites of a project share, and migrates the template database. Runs
 * once, before the suites of the project.
 */
export async function startSharedServer(flavour: Flavour): Promise<void> {
  const server = await MysqlServer.start(flavour);
  running.add(server);
  try {
    await server.execute(
      `CREATE DATABASE ${TEMPLATE}`,
      'CREATE DATABASE layover_free',
      `CREATE TABLE ${FREE_DATABASES} (name VARCHAR(64) PRIMARY KEY) ENGINE = InnoDB`,
    );
    const address = { host: '127.0.0.1', port: server.port, user: 'root', password: '', database: TEMPLATE };
    const database = Database.open({ dialect: 'mysql', ...address }, createLogger('test', 'silent'));
    await database.migrate();
    await database.close();
  } catch (error) {
    await stopSharedServers();
    throw error;
  }
  process.env[sharedServerVariable(flavour.project)] = server.url;
}

/** Deletes the servers that {@link startSharedServer} started. */
export async function stopSharedServers(): Promise<void> {
  for (const server of running) await server.remove();
  running.clear();
}
