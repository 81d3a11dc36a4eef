import { randomUUID } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { algorithmOf, type Digest, hexOf, parseDigest } from '../../../../common/oci/digest';

/**
 * Every path of the local copies, and the only place that makes them:
 *
 *     <root>/
 *       <boot id>/                 checked in that run of the machine: only the present one's are trusted
 *         sha256/ab/ab34….1234     64 hex characters, then the size in bytes; sha512 likewise
 *       incoming/                  on its way in; emptied at start
 *
 * So a name is the record: a file gets it only after its bytes had the digest and the size. Nothing else has to be kept, or can contradict it.
 */
export interface CopyPaths {
  readonly incoming: string;
  /** The folder of everything checked under a boot. */
  boot(bootId: string): string;
  /** The folder a copy lies in, checked in this run of the machine. */
  folder(digest: Digest): string;
  copy(digest: Digest, size: number): string;
  /** A name below `incoming` that nobody else has. */
  temporary(digest: Digest): string;
}

/** A copy that a start has found. */
export interface FoundCopy {
  readonly digest: Digest;
  /** As its name says. */
  readonly size: number;
  readonly path: string;
  /** When it was last read, in milliseconds since the epoch, to the minute or so. */
  readonly readAt: number;
  /** Whether its name is true of the file's size. */
  readonly sound: boolean;
}

/** The layout below an absolute root, in this run of the machine. */
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

/** Everything below the folder of a boot, in no order. Throws system errors. */
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
