import { constants } from 'node:fs';
import { copyFile, link, open, rename, rm, stat } from 'node:fs/promises';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Digest } from '../../../../common/oci/digest';
import type { BlobPaths } from './blob-paths';
import { systemErrorCode } from '../store-error';
import type { LateSync } from './late-sync';
import { makeDurableFolder, syncFolder } from '../../../../common/files/durable-folder';

/**
 * Errors of link(2) if the spool is on another file system, or the file system has no hard links.
 */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Gives a proven spool file its name in the store; its bytes are synced a little later
 * (late-sync.ts). The spool file keeps its own name too, because followers and edges read it until
 * the last reader of the fill closes. A file that has the name already is replaced, whatever its
 * size: its bytes may be damaged, and those of the spool file are proven. Throws system errors, and
 * STORE_FAILED if the spool file has another size.
 */
export async function publishSpoolFile(
  paths: BlobPaths,
  late: LateSync,
  digest: Digest,
  spoolFile: string,
  size: number,
): Promise<void> {
  checkSize((await stat(spoolFile)).size, size);
  try {
    await inFolder(paths.unsynced, () => late.mark(digest));
    await giveName(paths, digest, spoolFile);
  } catch (error) {
    if (!NO_LINK.has(systemErrorCode(error) ?? '')) throw error;
    await copyInto(paths, digest, (temporary) => copyFile(spoolFile, temporary, constants.COPYFILE_EXCL), size);
  }
  // The sync removes the marker.
  late.schedule(digest);
}

async function giveName(paths: BlobPaths, digest: Digest, spoolFile: string): Promise<void> {
  try {
    await inFolder(paths.folder(digest), () => link(spoolFile, paths.blob(digest)));
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw error;
    await linkInPlace(paths, digest, spoolFile);
  }
}

/** Gives a spool file the name of a blob in place of the file that has it. */
async function linkInPlace(paths: BlobPaths, digest: Digest, spoolFile: string): Promise<void> {
  const temporary = paths.temporary(digest);
  try {
    await inFolder(paths.incoming, () => link(spoolFile, temporary));
    await rename(temporary, paths.blob(digest));
  } finally {
    // rename(2) leaves both names if they are links to the same file.
    await rm(temporary, { force: true });
  }
}

/** Stores content from memory durably under its name. Throws system errors. */
export async function publishContent(paths: BlobPaths, digest: Digest, content: Buffer): Promise<void> {
  const write = async (temporary: string): Promise<void> => {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
  };
  await copyInto(paths, digest, write, content.length);
}

/**
 * Writes a temporary file and renames it into place, which atomically replaces any file with that
 * name (same digest: same bytes).
 */
async function copyInto(
  paths: BlobPaths,
  digest: Digest,
  write: (temporary: string) => Promise<void>,
  size: number,
): Promise<void> {
  const temporary = paths.temporary(digest);
  try {
    await inFolder(paths.incoming, () => write(temporary));
    await syncFile(temporary, size);
    await inFolder(paths.folder(digest), () => rename(temporary, paths.blob(digest)));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(paths.folder(digest));
}

async function syncFile(path: string, size: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
    checkSize((await file.stat()).size, size);
  } finally {
    await file.close();
  }
}

function checkSize(actual: number, size: number): void {
  if (actual === size) return;
  throw new LayoverError('STORE_FAILED', {
    message: `A file that should have ${size} bytes has ${actual} bytes on disk. Check the disk of the data plane.`,
  });
}

/** Runs the attempt. If the folder is missing, creates it and tries once more. */
async function inFolder(folder: string, attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    await makeDurableFolder(folder);
    await attempt();
  }
}
