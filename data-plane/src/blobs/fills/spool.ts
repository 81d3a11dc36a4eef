import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeDurableFolder } from '../../../../common/files/durable-folder';
import { openPatiently } from '../../../../common/async/open-patiently';
import { type Digest, algorithmOf, hexOf } from '../../../../common/oci/digest';
import { systemErrorCode, toStoreError } from '../../store/store-error';

/** The file of a fill, written sequentially. Every method throws STORE_FULL or STORE_FAILED. */
export interface SpoolFile {
  /** Absolute path; the file is readable under it until `remove`. */
  readonly path: string;
  /** Appends bytes. They are readable when the promise resolves. Only one call at a time. */
  append(chunks: readonly Buffer[]): Promise<void>;
  /** Closes the file for writing. Idempotent. */
  close(): Promise<void>;
  /** Removes the file. Readers that have it open can still read it. Idempotent. */
  remove(): Promise<void>;
}

/** The place where fills write the bytes that they fetch. */
export interface Spool {
  create(digest: Digest): Promise<SpoolFile>;
  /**
   * Creates the folder and removes files that a crash left (docs/design/fills.md#crash-recovery).
   * Call it only before the first fill. Returns the number of removed files.
   */
  clean(): Promise<number>;
}

/**
 * Only files with names made by `create` are removed: the folder may also hold files of the user.
 */
const SPOOL_NAME = /^sha(?:256|512)-[0-9a-f]+\.[0-9a-f-]{36}$/;

/**
 * Creates a spool in a folder that only this process uses. On the file system of a directory store,
 * a filled blob is stored without a copy.
 */
export function createSpool(directory: string): Spool {
  const folder = resolve(directory);
  return {
    async create(digest) {
      // Every try has its own file name, so a failed fill never touches the file of another one
      // (docs/design/fills.md#spool).
      const path = join(folder, `${algorithmOf(digest)}-${hexOf(digest)}.${randomUUID()}`);
      try {
        return new DiskFile(path, await openNew(folder, path), digest);
      } catch (error) {
        throw toStoreError(error, `start the fill of ${digest}`);
      }
    },
    async clean() {
      try {
        await makeDurableFolder(folder);
        const left = (await readdir(folder)).filter((name) => SPOOL_NAME.test(name));
        for (const name of left) await rm(join(folder, name), { force: true });
        return left.length;
      } catch (error) {
        throw toStoreError(error, 'prepare its spool folder');
      }
    },
  };
}

async function openNew(folder: string, path: string): Promise<FileHandle> {
  try {
    return await openPatiently(() => open(path, 'wx', 0o600));
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    await makeDurableFolder(folder);
    return open(path, 'wx', 0o600);
  }
}

class DiskFile implements SpoolFile {
  private position = 0;
  private closing: Promise<void> | undefined;

  constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly digest: Digest,
  ) {}

  async append(chunks: readonly Buffer[]): Promise<void> {
    try {
      for (let rest = chunks; rest.length > 0;) {
        // A disk that fills up accepts a part of the bytes, and only the next call fails with
        // ENOSPC.
        const { bytesWritten } = await this.file.writev(rest, this.position);
        this.position += bytesWritten;
        rest = after(rest, bytesWritten);
      }
    } catch (error) {
      throw toStoreError(error, `write ${this.digest} to its spool`);
    }
  }

  close(): Promise<void> {
    return (this.closing ??= this.file.close().catch((error: unknown) => {
      throw toStoreError(error, `write ${this.digest} to its spool`);
    }));
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
  }
}

/** Returns the rest of `chunks` after the first `bytes` bytes. */
function after(chunks: readonly Buffer[], bytes: number): readonly Buffer[] {
  let skip = bytes;
  const rest: Buffer[] = [];
  for (const chunk of chunks) {
    if (skip < chunk.length) rest.push(skip === 0 ? chunk : chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.length);
  }
  return rest;
}
