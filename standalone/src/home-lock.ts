import { rmSync } from 'node:fs';
import { createServer, connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { makeDurableFolder } from '../../common/files/durable-folder';
import { CannotStartError } from '../../common/runtime/start-failure';
import { requireOwnFolder } from '../../common/runtime/unix-socket';

/** Thrown if another Layover uses the home. */
export class HomeInUseError extends CannotStartError {
  override readonly name = 'HomeInUseError';
}

/**
 * Locks a home, because two instances would share a database file, a spool and sockets. The lock is
 * a listening socket, which disappears with its process however that ends. Resolves with a function
 * that releases the lock. Throws a HomeInUseError, and a ConfigurationError if the folder of the
 * sockets is not private.
 */
export async function lockHome(socketPath: string, home: string): Promise<() => Promise<void>> {
  // Durable, because the first start creates the home here.
  await makeDurableFolder(dirname(socketPath));
  requireOwnFolder(socketPath);
  if (await answers(socketPath)) {
    throw new HomeInUseError(
      `Another Layover is running with LAYOVER_HOME=${home}. Stop it, or set another LAYOVER_HOME for this one.`,
    );
  }
  rmSync(socketPath, { force: true });
  const server = await listen(socketPath);
  return () => new Promise((resolve) => server.close(() => resolve()));
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

function listen(socketPath: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.on('error', reject);
    server.listen(socketPath, () => {
      server.unref();
      resolve(server);
    });
  });
}
