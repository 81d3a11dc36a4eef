import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from './temporary-folder';

/** A folder with little room. */
export interface SmallDisk {
  readonly path: string;
  /** Value of LAYOVER_DISK_RESERVE_BYTES that leaves `room` bytes of this disk to fills. */
  readonly reserveBytes: number;
  /** Whether the folder is a file system of its own, so that it can really become full. */
  readonly isMounted: boolean;
  /** Returns the free bytes of the file system. */
  free(): Promise<number>;
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
 * Creates a folder on a tmpfs with `room` + `reserve` bytes. Where this process may not mount one,
 * creates an ordinary folder and a reserve that leaves `room` bytes of its file system, which other
 * processes use too.
 */
export async function smallDisk(room: number, reserve: number): Promise<SmallDisk> {
  const folder = await temporaryFolder('disk');
  const isMounted = mount(folder.path, room + reserve);
  const free = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(folder.path);
    return bavail * bsize;
  };
  return {
    path: folder.path,
    isMounted,
    reserveBytes: isMounted ? reserve : (await free()) - room,
    free,
    async remove() {
      if (isMounted) unmount(folder.path);
      await folder.remove();
    },
  };
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
