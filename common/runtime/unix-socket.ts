import { chmod, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { makeDurableFolder } from '../files/durable-folder';

/**
 * Makes a path ready for a unix socket: its folder, mode 0700, where there is none, and away with the socket that a killed
 * process left. Throws an Error with code EADDRINUSE where a process still listens there: its socket is not ours to take.
 */
export async function prepareSocketPath(path: string): Promise<void> {
  // Durable, because the folder above may be a home that is created here and gets durable files later.
  await makeDurableFolder(dirname(path));
  if (await isListening(path)) {
    throw Object.assign(new Error(`another process listens on ${path}`), { code: 'EADDRINUSE' });
  }
  await rm(path, { force: true });
}

/** Only this user may connect, whatever the folder allows. */
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
