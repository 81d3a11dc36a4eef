import { createHash } from 'node:crypto';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * Longest path of a unix socket on Linux, in bytes (sockaddr_un has 108 bytes including the final
 * zero; unix(7)).
 */
export const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Paths below LAYOVER_HOME. Folders are created with mode 0700 when something is written to them;
 * files have mode 0600.
 */
export interface Home {
  readonly root: string;
  /** Default SQLite database. */
  readonly database: string;
  /** Blobs, if they are stored in a folder. */
  readonly blobs: string;
  /** Local copies of blobs in a bucket. */
  readonly copies: string;
  /** Files of running fills; emptied at start. */
  readonly spool: string;
  /** Pull records that were not delivered yet. */
  readonly journal: string;
  /** Local index of the data plane: tags and holdings. */
  readonly index: string;
  /** How far the files of blobs were checked, and whether the data plane runs. */
  readonly blobChecks: string;
  /** Last valid configuration snapshot, sealed. */
  readonly snapshot: string;
  /** Id of the data plane with this home. */
  readonly nodeId: string;
  readonly masterKey: string;
  readonly adminToken: string;
  readonly dataSocket: string;
  readonly catalogSocket: string;
  /** List of the data planes that `npm start` runs, if there are several (for `npm run fsck`). */
  readonly dataPlanes: string;
  /** Folder of the sockets that lock the home (see lockHome). */
  readonly lockFolder: string;
}

/**
 * Returns the paths below a home folder. `folder` may be relative to the working directory. Sockets
 * whose paths would be too long are in `runtimeFolder` instead, the folder of this user for sockets
 * (XDG_RUNTIME_DIR). If that folder is not given or too long as well, the paths stay too long for
 * sockets.
 */
export function homeAt(folder: string, runtimeFolder?: string): Home {
  const root = resolve(folder);
  const sockets = socketFolder(root, runtimeFolder);
  return {
    root,
    database: join(root, 'layover.sqlite'),
    blobs: join(root, 'blobs'),
    copies: join(root, 'copies'),
    spool: join(root, 'spool'),
    journal: join(root, 'journal'),
    index: join(root, 'index'),
    blobChecks: join(root, 'blob-checks.json'),
    snapshot: join(root, 'configuration.sealed'),
    nodeId: join(root, 'node-id'),
    masterKey: join(root, 'keys', 'master-key'),
    adminToken: join(root, 'admin-token'),
    dataSocket: join(sockets, 'data.sock'),
    catalogSocket: join(sockets, 'catalog.sock'),
    dataPlanes: join(sockets, 'data-planes'),
    lockFolder: sockets,
  };
}

/**
 * Returns the folder of the sockets. Never a folder that other users may write to, such as the one
 * for temporary files: whoever creates the sockets first would receive the calls of the planes.
 */
function socketFolder(root: string, runtimeFolder: string | undefined): string {
  const own = join(root, 'run');
  if (fits(own) || runtimeFolder === undefined || !isAbsolute(runtimeFolder)) return own;
  const id = createHash('sha256').update(root).digest('hex').slice(0, 16);
  const other = join(runtimeFolder, `layover-${id}`);
  return fits(other) ? other : own;
}

/** Returns whether the longest name of a socket fits. */
function fits(folder: string): boolean {
  return Buffer.byteLength(join(folder, 'catalog.sock')) <= MAX_SOCKET_PATH_BYTES;
}
