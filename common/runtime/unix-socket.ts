import { chmod, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { makeDurableFolder } from '../files/durable-folder';

/**
 * Prepares a path for a unix socket: creates its folder, mode 0700, and removes the socket of a
 * process that was killed. Throws an Error with code EADDRINUSE if a process still listens on it.
 */
export async function prepareSocketPath(path: string): Promise<void> {
  // Durable, because the parent folder may be a new home, which gets durable files later.
  await makeDurableFolder(dirname(path));
  if (await isListening(path)) {
    throw Object.assign(new Error(`Another process listens on ${path}`), { code: 'EADDRINUSE' });
  }
  await rm(path, { force: true });
}

/** Allows only this user to connect, whatever the mode of the folder is. */
export async function protectSocket(path: string): Promise<void> {
  await chmod(path, 0o600);
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const answer = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
