import fs, { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** The paths that were synced during a watch. */
export interface SyncWatch {
  /**
   * Paths of files and folders on which fsync or fdatasync was called, or that were written through
   * a descriptor with O_DSYNC, in order.
   */
  readonly paths: readonly string[];
  stop(): void;
}

/**
 * Records every fsync of this process with the path of the descriptor at that time. A test can't
 * cut the power, but it can check that a new directory entry was synced. `onSync` is called before
 * each of them.
 */
export async function watchSyncs(onSync?: (path: string) => void): Promise<SyncWatch> {
  const paths: string[] = [];
  const note = (descriptor: number): void => {
    const path = fs.readlinkSync(`/proc/self/fd/${descriptor}`);
    paths.push(path);
    onSync?.(path);
  };
  const handle = await open('/dev/null', 'r');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const { sync, datasync, write } = prototype;
  const { fsyncSync } = fs;
  const spies = [
    jest.spyOn(prototype, 'sync').mockImplementation(function (this: FileHandle) {
      note(this.fd);
      return sync.call(this);
    }),
    jest.spyOn(prototype, 'datasync').mockImplementation(function (this: FileHandle) {
      note(this.fd);
      return datasync.call(this);
    }),
    jest.spyOn(prototype, 'write').mockImplementation(async function (this: FileHandle, ...rest: unknown[]) {
      const written = await (write as (...args: unknown[]) => Promise<never>).apply(this, rest);
      if (isSynced(this.fd)) note(this.fd);
      return written;
    } as FileHandle['write']),
    jest.spyOn(fs, 'fsyncSync').mockImplementation((descriptor) => {
      note(descriptor);
      fsyncSync(descriptor);
    }),
  ];
  return { paths, stop: () => spies.forEach((spy) => spy.mockRestore()) };
}

/** Returns whether every write through a descriptor is synced (proc_pid_fdinfo(5)). */
function isSynced(descriptor: number): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1] ?? '0';
  return (parseInt(flags, 8) & constants.O_DSYNC) !== 0;
}
