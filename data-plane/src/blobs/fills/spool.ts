import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rm, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeDurableFolder } from '../../../../common/files/durable-folder';
import { type Digest, algorithmOf, hexOf } from '../../../../common/oci/digest';
import { errorCode, toStoreError } from '../../store/store-error';

/** A fill's file, written from its start to its end. Every method throws STORE_FULL or STORE_FAILED. */
export interface SpoolFile {
  /** Absolute; the file can be read under it until `remove`. */
  readonly path: string;
  /** Adds bytes at the end; they can be read when it resolves. One call at a time. */
  append(chunks: readonly Buffer[]): Promise<void>;
  /** No more is written. Harmless when repeated. */
  close(): Promise<void>;
  /** Takes the name away. Who has the file open can still read it. Harmless when repeated. */
  remove(): Promise<void>;
}

/** Where fills write what they fetch. */
export interface Spool {
  create(digest: Digest): Promise<SpoolFile>;
  /** Whether `bytes` more would fit now. */
  hasRoom(bytes: number): Promise<boolean>;
  /**
   * Makes the folder and removes what a crash left (docs/design/fills.md#crash-recovery). Only
   * before the first fill.
   */
  clean(): Promise<number>;
}

/** Only names that `create` makes are ever removed: the folder may be the user's own. */
const SPOOL_NAME = /^sha(?:256|512)-[0-9a-f]+\.[0-9a-f-]{36}$/;

/** No fill begins that would leave less of the disk: pull records have to be written also when blobs find no room. */
const KEEP_FREE_BYTES = 128 * 1024 * 1024;

/** A spool in a folder that is this process's own; on the file system of a directory store, so that a fill is kept without a copy. */
export function createSpool(directory: string, keepFreeBytes = KEEP_FREE_BYTES): Spool {
  const folder = resolve(directory);
  return {
    async create(digest) {
      // A name of its own for every try: a failed fill can never touch another one's file
      // (docs/design/fills.md#spool).
      const path = join(folder, `${algorithmOf(digest)}-${hexOf(digest)}.${randomUUID()}`);
      try {
        return new DiskFile(path, await openNew(folder, path), digest);
      } catch (error) {
        throw toStoreError(error, `begin to fetch ${digest}`);
      }
    },
    async hasRoom(bytes) {
      try {
        const { bavail, bsize } = await statfs(folder);
        return bavail * bsize - keepFreeBytes >= bytes;
      } catch {
        // No answer is no reason to refuse: writing tells.
        return true;
      }
    },
    async clean() {
      try {
        await makeDurableFolder(folder);
        const left = (await readdir(folder)).filter((name) => SPOOL_NAME.test(name));
        for (const name of left) await rm(join(folder, name), { force: true });
        return left.length;
      } catch (error) {
        throw toStoreError(error, 'make its spool folder ready');
      }
    },
  };
}

async function openNew(folder: string, path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
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
        // A disk that fills up takes a part, and only the next call says ENOSPC.
        const { bytesWritten } = await this.file.writev(rest, this.position);
        this.position += bytesWritten;
        rest = after(rest, bytesWritten);
      }
    } catch (error) {
      throw toStoreError(error, `write ${this.digest} to its spool`);
    }
  }

  close(): Promise<void> {
    return (this.closing ??= this.file.close());
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.path, { force: true });
  }
}

/** What is left of `chunks` after their first `bytes`. */
function after(chunks: readonly Buffer[], bytes: number): readonly Buffer[] {
  let skip = bytes;
  const rest: Buffer[] = [];
  for (const chunk of chunks) {
    if (skip < chunk.length) rest.push(skip === 0 ? chunk : chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.length);
  }
  return rest;
}
