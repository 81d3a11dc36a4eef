import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDurableFolder, makeDurableFolderSync, syncFolder, syncFolderSync } from './durable-folder';

const PRIVATE_FILE = 0o600;

/**
 * Replaces a file in one step: after a crash or a power cut it has either its old or its new content,
 * and when the promise resolves the new one is durable. Mode 0600; the folder is created if needed.
 * Calls for one path must follow each other. Throws system errors; the old file is then untouched,
 * unless only the last step failed (the sync of the folder), when either content may survive.
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
 * Creates a file durably, whole from the moment it has its name, mode 0600; its folder too. Returns
 * false if there is a file of that name: of several processes that create it at once, one succeeds,
 * and all of them then read the same content. Throws system errors.
 */
export function createFileSync(path: string, content: string): boolean {
  const folder = dirname(path);
  makeDurableFolderSync(folder);
  const draft = `${path}.${randomUUID()}`;
  const isCreated = linkDraft(draft, path, content);
  // Also where another process created it: the caller may rely on a name that is not durable yet.
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
