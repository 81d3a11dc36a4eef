import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { lstat, readdir, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder';

/** A folder with little room. */
export interface SmallDisk {
  readonly path: string;
  /** Returns the free bytes. */
  free(): Promise<number>;
  /**
   * Makes it read-only, or writable again. Throws an Error if this process may not mount, see
   * {@link mayMount}.
   */
  setReadOnly(isReadOnly: boolean): void;
  remove(): Promise<void>;
}

/** Whether this process may mount a tmpfs: it is root and has the capability. */
export function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'layover-mount-'));
  const isMounted = mount(folder, 4096);
  if (isMounted) unmount(folder);
  rmSync(folder, { recursive: true });
  return isMounted;
}

/**
 * Creates a folder on a tmpfs of `bytes` bytes. Where this process may not mount one, creates an
 * ordinary folder, and `free` subtracts the sizes of its files from `bytes`.
 */
export async function smallDisk(bytes: number): Promise<SmallDisk> {
  const folder = await temporaryFolder('disk');
  const { path } = folder;
  const isMounted = mount(path, bytes);
  return {
    path,
    async free() {
      if (!isMounted) return bytes - (await sizeBelow(path));
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    },
    setReadOnly(isReadOnly) {
      // A second mount of the same folder: the first one may have files that are open for writing.
      if (isReadOnly) {
        execFileSync('mount', ['--bind', path, path]);
        execFileSync('mount', ['-o', 'remount,bind,ro', path]);
      } else unmount(path);
    },
    async remove() {
      if (isMounted) unmount(path);
      await folder.remove();
    },
  };
}

/** Returns the bytes of all files below a folder; a file with two names counts once. */
async function sizeBelow(path: string): Promise<number> {
  const sizes = new Map<number, number>();
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    // A file may have been removed since the folder was read.
    const found = entry.isFile() ? await lstat(join(entry.parentPath, entry.name)).catch(() => undefined) : undefined;
    if (found !== undefined) sizes.set(found.ino, found.size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

function mount(path: string, bytes: number): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function unmount(path: string): void {
  execFileSync('umount', ['--lazy', path]);
}
