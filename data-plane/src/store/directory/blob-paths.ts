import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { algorithmOf, type Digest, hexOf } from '../../../../common/oci/digest';

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
 *       quarantine/
 *         ab34….<random>           was the blob, but its bytes have another digest; kept for whoever wants to know why, never read again
 *
 * Folders are 0700, files 0600. Everything is one file system: names are given by link(2) and rename(2).
 */
export interface BlobPaths {
  readonly unsynced: string;
  readonly incoming: string;
  readonly quarantine: string;
  /** The folder of all blobs of an algorithm, which has folders of two characters. */
  algorithm(name: string): string;
  /** The folder a blob lies in. */
  folder(digest: Digest): string;
  /** The blob itself. */
  blob(digest: Digest): string;
  /** A name below `incoming` that nobody else has. */
  temporary(digest: Digest): string;
  /** A name below `quarantine` that nobody else has. */
  quarantined(digest: Digest): string;
}

/** The layout below an absolute root folder. */
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
