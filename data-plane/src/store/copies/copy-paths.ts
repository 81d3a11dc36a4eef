import { randomUUID } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { algorithmOf, type Digest, hexOf, parseDigest } from '../../../../common/oci/digest';

/**
 * All paths of the local copies; no other code constructs them:
 *
 *     <root>/
 *       <boot id>/               verified since that boot; only those of this boot are trusted
 *         sha256/ab/ab34….1234   64 hex characters, then the size in bytes; sha512 likewise
 *       incoming/                being written; emptied at start
 *
 * The name is the only record of a copy: a file gets it only after digest and size were verified.
 * So no other record can be missing or contradict it.
 */
export interface CopyPaths {
  readonly incoming: string;
  /** The folder of all copies verified since a boot. */
  boot(bootId: string): string;
  /** The folder of a copy that was verified since the current boot. */
  folder(digest: Digest): string;
  copy(digest: Digest, size: number): string;
  /** A unique name below `incoming`. */
  temporary(digest: Digest): string;
}

/** A copy that was found at start. */
export interface FoundCopy {
  readonly digest: Digest;
  /** According to its name. */
  readonly size: number;
  readonly path: string;
  /** Time of the last read in milliseconds since the epoch, accurate to about a minute. */
  readonly readAt: number;
  /** Whether the file has the size in its name. */
  readonly sound: boolean;
}

/** Returns the paths below an absolute root for the current boot. */
export function copyPathsAt(root: string, bootId: string): CopyPaths {
  const incoming = join(root, 'incoming');
  const folder = (digest: Digest): string => join(root, bootId, algorithmOf(digest), hexOf(digest).slice(0, 2));
  return {
    incoming,
    boot: (id) => join(root, id),
    folder,
    copy: (digest, size) => join(folder(digest), `${hexOf(digest)}.${size}`),
    temporary: (digest) => join(incoming, `${hexOf(digest)}.${randomUUID()}`),
  };
}

/** Returns all copies below the folder of a boot, in no order. Throws system errors. */
export async function findCopies(folder: string): Promise<FoundCopy[]> {
  const found: FoundCopy[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const [hex = '', bytes = ''] = entry.name.split('.');
    const digest = parseDigest(`${basename(join(entry.parentPath, '..'))}:${hex}`);
    if (digest === undefined || !/^\d+$/.test(bytes)) continue;
    const path = join(entry.parentPath, entry.name);
    const stats = await stat(path);
    found.push({ digest, size: Number(bytes), path, readAt: stats.mtimeMs, sound: stats.size === Number(bytes) });
  }
  return found;
}
