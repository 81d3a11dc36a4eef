import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { algorithmOf, type Digest, hexOf } from '../../../common/oci/digest';

/**
 * Every path of the directory store, and the only place that makes them:
 *
 *     <root>/
 *       sha256/
 *         ab/
 *           ab34…                  64 hex characters: a blob or manifest, whole and verified, never written to again
 *       sha512/
 *         cd/
 *           cd56…                  128 hex characters
 *       unsynced/
 *         sha256-ab34…             that blob has its name, but its bytes may not be on disk yet (late-sync.ts)
 *       incoming/
 *         ab34….<random>           on its way in; no name that a reader knows; emptied at start
 *
 * Folders are 0700, files 0600. Everything is one file system: names are given by link(2) and rename(2).
 */
export interface BlobPaths {
  readonly unsynced: string;
  readonly incoming: string;
  /** The folder a blob lies in. */
  folder(digest: Digest): string;
  /** The blob itself. */
  blob(digest: Digest): string;
  /** A name below `incoming` that nobody else has. */
  temporary(digest: Digest): string;
}

/** The layout below an absolute root folder. */
export function blobPathsAt(root: string): BlobPaths {
  const incoming = join(root, 'incoming');
  const folder = (digest: Digest): string => join(root, algorithmOf(digest), hexOf(digest).slice(0, 2));
  return {
    unsynced: join(root, 'unsynced'),
    incoming,
    folder,
    blob: (digest) => join(folder(digest), hexOf(digest)),
    temporary: (digest) => join(incoming, `${hexOf(digest)}.${randomUUID()}`),
  };
}
