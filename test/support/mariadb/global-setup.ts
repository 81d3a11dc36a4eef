import { Database } from '../../../control-plane/src/db/database';
import { createLogger } from '../../../common/runtime/logger';
import { MariadbServer } from './mariadb-server';
import { runningServer, SHARED_SERVER, TEMPLATE } from './running-server';

/**
 * Once for the run, when any suite of the project `mariadb` runs: starts the server that they share, and migrates the
 * database that theirs are copies of. The workers find it by a variable that they inherit.
 */
export default async function startServer(): Promise<void> {
  const server = await MariadbServer.start();
  runningServer.current = server;
  try {
    await server.execute(`CREATE DATABASE ${TEMPLATE}`);
    const address = { host: '127.0.0.1', port: server.port, user: 'root', password: '', database: TEMPLATE };
    const database = Database.open({ dialect: 'mysql', ...address }, createLogger('test', 'silent'));
    await database.migrate();
    await database.close();
  } catch (error) {
    await server.remove();
    throw error;
  }
  process.env[SHARED_SERVER] = server.url;
}
