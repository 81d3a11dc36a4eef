import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { algorithmOf, type Digest, hexOf } from '../../../../common/oci/digest';

/**
 * All paths of the directory store; no other code constructs them:
 *
 *     <root>/
 *       sha256/
 *         ab/
 *           ab34…             64 hex characters: a complete, verified blob or manifest; immutable
 *       sha512/
 *         cd/
 *           cd56…             128 hex characters
 *       unsynced/
 *         sha256-ab34…        this blob has its name, but may not be synced yet (late-sync.ts)
 *       incoming/
 *         ab34….<random>      being written; no reader knows the name; emptied at start
 *       quarantine/
 *         ab34….<random>      bytes with a wrong digest, kept for analysis; never read again
 *
 * Folders have mode 0700, files 0600. Everything is on one file system, because blobs get their
 * names by link(2) and rename(2).
 */
export interface BlobPaths {
  readonly unsynced: string;
  readonly incoming: string;
  readonly quarantine: string;
  /** The folder of all blobs of an algorithm. It has subfolders with names of two characters. */
  algorithm(name: string): string;
  /** The folder of a blob. */
  folder(digest: Digest): string;
  /** The file of a blob. */
  blob(digest: Digest): string;
  /** A unique name below `incoming`. */
  temporary(digest: Digest): string;
  /** A unique name below `quarantine`. */
  quarantined(digest: Digest): string;
}

/** Returns the paths below an absolute root folder. */
export function blobPathsAt(root: string): BlobPaths {
  const incoming = join(root, 'incoming');
  const quarantine = join(root, 'quarantine');
  const algorithm = (name: string): string => join(root, name);
  const folder = (digest: Digest): string => join(algorithm(algorithmOf(digest)), hexOf(digest).slice(0, 2));
  return {
    unsynced: join(root, 'unsynced'),
    incoming,
    quarantine,
    algorithm,
    folder,
    blob: (digest) => join(folder(digest), hexOf(digest)),
    temporary: (digest) => join(incoming, `${hexOf(digest)}.${randomUUID()}`),
    quarantined: (digest) => join(quarantine, `${hexOf(digest)}.${randomUUID()}`),
  };
}
