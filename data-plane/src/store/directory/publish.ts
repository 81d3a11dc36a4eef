import { constants } from 'node:fs';
import { copyFile, link, open, rename, rm, stat } from 'node:fs/promises';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Digest } from '../../../../common/oci/digest';
import type { BlobPaths } from './blob-paths';
import { errorCode } from '../store-error';
import type { LateSync } from './late-sync';
import { makeDurableFolder, syncFolder } from '../../../../common/files/durable-folder';

/** What link(2) says where the spool is on another file system, or the file system has no hard links. */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Gives a proven spool file its name in the store; its bytes are synced a little later (late-sync.ts). The spool's own name stays,
 * because followers and edges read by it until the fill's last reader closes. Already there whole = success;
 * a damaged file of that name is replaced. Throws system errors, and STORE_FAILED when the spool file has another size.
 */
export async function publishSpoolFile(
  paths: BlobPaths,
  late: LateSync,
  digest: Digest,
  spoolFile: string,
  size: number,
): Promise<void> {
  checkSize((await stat(spoolFile)).size, size);
  const target = paths.blob(digest);
  try {
    await inFolder(paths.unsynced, () => late.mark(digest));
    await inFolder(paths.folder(digest), () => link(spoolFile, target));
    late.schedule(digest);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') {
      if ((await stat(target)).size === size) {
        late.schedule(digest);
        return;
      }
    } else if (!NO_LINK.has(errorCode(error) ?? '')) {
      throw error;
    }
    await copyInto(paths, digest, (temporary) => copyFile(spoolFile, temporary, constants.COPYFILE_EXCL), size);
    // Takes the mark away.
    late.schedule(digest);
  }
}

/** Gives bytes in memory their name in the store, durably. Throws system errors. */
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

/** Writes a temporary file, then renames it into place: one step, over whatever has the name (same digest: same bytes). */
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
  throw new LayoverError('STORE_FAILED', { message: `a file of ${size} bytes has ${actual} bytes on disk` });
}

/** Tries, and once more after making the folder where that was missing. */
async function inFolder(folder: string, attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    await makeDurableFolder(folder);
    await attempt();
  }
}
