import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

const PRIVATE_FOLDER = { recursive: true, mode: 0o700 } as const;

/**
 * Makes the entries of a folder durable: files created, renamed or removed in it survive a power
 * cut. Syncing a file does not sync its directory entry (fsync(2), "Description").
 */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Creates a folder and its missing parents, mode 0700, and makes their entries durable. Does
 * nothing if the folder exists. Throws system errors.
 */
export async function makeDurableFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  const first = await mkdir(path, PRIVATE_FOLDER);
  for (const parent of parentsOfCreated(path, first)) await syncFolder(parent);
}

/** Same as {@link syncFolder}, for synchronous code at start-up. */
export function syncFolderSync(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Same as {@link makeDurableFolder}, for synchronous code at start-up. */
export function makeDurableFolderSync(folder: string): void {
  const path = resolve(folder);
  const first = mkdirSync(path, PRIVATE_FOLDER);
  for (const parent of parentsOfCreated(path, first)) syncFolderSync(parent);
}

/**
 * Returns the folders in which mkdir created an entry: the parent of `path`, up to the parent of
 * `first`, the topmost folder that was created.
 */
function parentsOfCreated(path: string, first: string | undefined): string[] {
  if (first === undefined) return [];
  const parents = [dirname(path)];
  for (let created = path; created.length > first.length;) {
    created = dirname(created);
    parents.push(dirname(created));
  }
  return parents;
}
