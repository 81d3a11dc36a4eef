import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Longest path of a unix socket on Linux (sockaddr_un has 108 bytes including the final zero). */
const MAX_SOCKET_PATH = 107;

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
  /** Last valid configuration snapshot, sealed. */
  readonly snapshot: string;
  /** Id of the data plane with this home. */
  readonly nodeId: string;
  readonly masterKey: string;
  readonly adminToken: string;
  readonly dataSocket: string;
  readonly catalogSocket: string;
  /** Socket that `npm start` holds, so that only one Layover uses a home. */
  readonly lockSocket: string;
}

/** Returns the paths below a home folder. `folder` may be relative to the working directory. */
export function homeAt(folder: string): Home {
  const root = resolve(folder);
  return {
    root,
    database: join(root, 'layover.sqlite'),
    blobs: join(root, 'blobs'),
    copies: join(root, 'copies'),
    spool: join(root, 'spool'),
    journal: join(root, 'journal'),
    index: join(root, 'index'),
    snapshot: join(root, 'configuration.sealed'),
    nodeId: join(root, 'node-id'),
    masterKey: join(root, 'keys', 'master-key'),
    adminToken: join(root, 'admin-token'),
    dataSocket: socketPath(root, 'data.sock'),
    catalogSocket: socketPath(root, 'catalog.sock'),
    lockSocket: socketPath(root, 'lock.sock'),
  };
}

/**
 * Returns the path of a socket in the home. If it is too long for a socket, returns a path in a
 * folder of the temporary directory that only this home uses.
 */
function socketPath(root: string, name: string): string {
  const path = join(root, 'run', name);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
  const id = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return join(tmpdir(), `layover-${id}`, name);
}
