import { chmod, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { makeDurableFolder } from '../files/durable-folder';
import { findFolderProblem } from '../files/private-folder';
import { ConfigurationError } from './env';

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

/**
 * Same as {@link prepareSocketPath}, for a socket that planes call each other through. Throws a
 * ConfigurationError if another user could put a socket in its place.
 */
export async function preparePlaneSocket(path: string): Promise<void> {
  await makeDurableFolder(dirname(path));
  requireOwnFolder(path);
  await prepareSocketPath(path);
}

/**
 * Throws a ConfigurationError if another user of this machine could put a socket in the place of
 * the one at `path`, and so receive calls of planes with their secrets.
 */
export function requireOwnFolder(path: string): void {
  const problem = findFolderProblem(dirname(path));
  if (problem === undefined) return;
  throw new ConfigurationError([
    `Another user of this machine could replace the socket ${path}: ${problem}. Use a folder that belongs to ` +
      'this user, with mode 0700, for LAYOVER_HOME, for XDG_RUNTIME_DIR if the path of LAYOVER_HOME is too long ' +
      'for sockets, and in addresses that begin with unix:',
  ]);
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
