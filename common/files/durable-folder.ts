import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

const PRIVATE_FOLDER = { recursive: true, mode: 0o700 } as const;

/**
 * Makes the names in a folder durable: files created, renamed or removed there survive a power cut.
 * A sync of the file itself does not cover its name (fsync(2), "Description").
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
 * Creates a folder with its missing parents, mode 0700, and makes all their names durable. Does
 * nothing if the folder exists. Throws system errors.
 */
export async function makeDurableFolder(folder: string): Promise<void> {
  const path = resolve(folder);
  const first = await mkdir(path, PRIVATE_FOLDER);
  for (const parent of parentsOfCreated(path, first)) await syncFolder(parent);
}

/** As {@link syncFolder}, for code that runs before the event loop matters. */
export function syncFolderSync(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** As {@link makeDurableFolder}, for code that runs before the event loop matters. */
export function makeDurableFolderSync(folder: string): void {
  const path = resolve(folder);
  const first = mkdirSync(path, PRIVATE_FOLDER);
  for (const parent of parentsOfCreated(path, first)) syncFolderSync(parent);
}

/** Lists the folders in which mkdir created an entry, from that of `path` up to that of `first`, the topmost one. */
function parentsOfCreated(path: string, first: string | undefined): string[] {
  if (first === undefined) return [];
  const parents = [dirname(path)];
  for (let created = path; created.length > first.length;) {
    created = dirname(created);
    parents.push(dirname(created));
  }
  return parents;
}
