import { rmSync } from 'node:fs';
import { createServer, connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { makeDurableFolder } from '../../common/files/durable-folder';

/** Another Layover runs on the same home. */
export class HomeInUseError extends Error {
  override readonly name = 'HomeInUseError';
}

/**
 * Keeps a second Layover off a home: two would share a database file, a spool and sockets. The lock is a listening socket,
 * so it is gone with the process that held it, however that ended. Resolves to what releases it; throws HomeInUseError.
 */
export async function lockHome(socketPath: string, home: string): Promise<() => Promise<void>> {
  // Durable, because this is where the home is created at the first start.
  await makeDurableFolder(dirname(socketPath));
  if (await answers(socketPath)) {
    throw new HomeInUseError(
      `Another Layover is running with LAYOVER_HOME=${home}. Stop it, or give this one a home of its own.`,
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
