import { createLogger } from '../../../common/runtime/logger';
import { Database } from '../../../control-plane/src/db/database';
import type { Flavour } from './flavour';
import { MysqlServer } from './mysql-server';

/** The migrated database that those of the suites are copies of. */
export const TEMPLATE = 'layover_template';

/** Table of the names of databases that are copies of the template and used by no test. */
export const FREE_DATABASES = 'layover_free.free_databases';

/** Servers of this run; global setup and global teardown both run in Jest's first process. */
const running = new Set<MysqlServer>();

/** Returns the variable that tells the workers of a project the URL of its server; other projects don't look at it. */
export function sharedServerVariable(project: string): string {
  return `LAYOVER_TEST_${project.toUpperCase()}_SHARED`;
}

/**
 * Starts the server that all suites of a project share, and migrates the database that theirs are copies of. Once for
 * the run, before the suites of the project.
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

/** Removes the servers that {@link startSharedServer} started. */
export async function stopSharedServers(): Promise<void> {
  for (const server of running) await server.remove();
  running.clear();
}
