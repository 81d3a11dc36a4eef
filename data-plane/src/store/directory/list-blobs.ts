import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, parseDigest } from '../../../../common/oci/digest';
import type { BlobPage } from '../blob-store';
import { systemErrorCode } from '../store-error';
import type { BlobPaths } from './blob-paths';
import { isPossibleSize } from '../directory-blob';

/** In bytewise order of their names. */
const ALGORITHMS = ['sha256', 'sha512'];
const FOLDER = /^[0-9a-f]{2}$/;

/**
 * Returns a page of the blobs of a directory (see BlobStore.list). Holds the names of one folder at
 * a time, a 256th of all, and only stats the files of the page. Files that cannot be blobs are left
 * out. Throws system errors.
 */
export async function listBlobs(paths: BlobPaths, after: string, limit: number): Promise<BlobPage> {
  const blobs: { readonly digest: Digest; readonly size: number }[] = [];
  for await (const digest of digestsAfter(paths, after)) {
    const size = await sizeOf(paths.blob(digest), digest);
    if (size === undefined) continue;
    if (blobs.length === limit) return { blobs, more: true };
    blobs.push({ digest, size });
  }
  return { blobs, more: false };
}

async function* digestsAfter(paths: BlobPaths, after: string): AsyncGenerator<Digest, void, undefined> {
  for (const algorithm of ALGORITHMS) {
    const folder = paths.algorithm(algorithm);
    for (const prefix of (await names(folder)).filter((name) => FOLDER.test(name)).sort()) {
      // The highest possible digest of this folder is before `after`, so the folder is skipped.
      if (`${algorithm}:${prefix}g` <= after) continue;
      for (const name of (await names(join(folder, prefix))).sort()) {
        const digest = parseDigest(`${algorithm}:${name}`);
        if (digest !== undefined && name.startsWith(prefix) && digest > after) yield digest;
      }
    }
  }
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Returns the size, or undefined if the file was deleted in the meantime or is not a blob. */
async function sizeOf(path: string, digest: Digest): Promise<number | undefined> {
  try {
    const stats = await lstat(path);
    return stats.isFile() && isPossibleSize(digest, stats.size) ? stats.size : undefined;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
