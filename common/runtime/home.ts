import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Longest path of a unix socket that Linux takes (sockaddr_un has 108 bytes with the final zero). */
const MAX_SOCKET_PATH = 107;

/** Every path below LAYOVER_HOME. Folders are made by whoever writes into them, mode 0700; files are 0600. */
export interface Home {
  readonly root: string;
  /** SQLite file of the embedded control plane. */
  readonly database: string;
  /** Directory store. */
  readonly blobs: string;
  /** Local copies of what a bucket holds. */
  readonly copies: string;
  /** Fills on their way; emptied at start. */
  readonly spool: string;
  /** Pull records not yet delivered. */
  readonly journal: string;
  /** The data plane's own index of tags and links. */
  readonly index: string;
  /** Last good configuration snapshot, encrypted. */
  readonly snapshot: string;
  /** Which node this home belongs to, among many data planes. */
  readonly nodeId: string;
  readonly masterKey: string;
  readonly adminToken: string;
  readonly dataSocket: string;
  readonly catalogSocket: string;
  /** Held by the parent of `npm start`, so that a home has one Layover. */
  readonly lockSocket: string;
}

/** The layout below a home folder; `folder` may be relative to the working directory. */
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

/** A socket in the home, or, where that path is too long for a socket, in a folder of the temporary directory that is this home's own. */
function socketPath(root: string, name: string): string {
  const path = join(root, 'run', name);
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path;
  const id = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return join(tmpdir(), `layover-${id}`, name);
}
