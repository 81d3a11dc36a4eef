import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDurableFolder, makeDurableFolderSync, syncFolder, syncFolderSync } from './durable-folder';

const PRIVATE_FILE = 0o600;

/**
 * Replaces a file atomically: after a crash or a power cut it has either its old or its new
 * content. The new content is durable when the promise resolves. Mode 0600; missing folders are
 * created. Concurrent calls for the same path are not allowed. Throws system errors. The old file
 * is then unchanged, unless the final sync of the folder failed; in that case either content may
 * survive a power cut.
 */
export async function replaceFile(path: string, content: string | Buffer): Promise<void> {
  const folder = dirname(path);
  await makeDurableFolder(folder);
  const draft = `${path}.new`;
  try {
    const file = await open(draft, 'w', PRIVATE_FILE);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/**
 * Creates a file durably and atomically, mode 0600, with its folder. Returns false if the file
 * already exists. If several processes create the file at the same time, one succeeds and all of
 * them then read the same content. Throws system errors.
 */
export function createFileSync(path: string, content: string): boolean {
  const folder = dirname(path);
  makeDurableFolderSync(folder);
  const draft = `${path}.${randomUUID()}`;
  const isCreated = linkDraft(draft, path, content);
  // Needed even if another process created the file: its name may not be durable yet.
  syncFolderSync(folder);
  return isCreated;
}

function linkDraft(draft: string, path: string, content: string): boolean {
  try {
    const descriptor = openSync(draft, 'wx', PRIVATE_FILE);
    try {
      writeFileSync(descriptor, content);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
