import { readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pLimit from 'p-limit';
import { type Clock, systemClock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import { LayoverError } from '../../../../common/errors/layover-error';
import { algorithmOf, type Digest, digestOf } from '../../../../common/oci/digest';
import type { BlobFiles } from '../blob-files';
import type { BlobIngest, BlobPage, BlobStore, StoredBlob } from '../blob-store';
import { blobPathsAt, type BlobPaths } from './blob-paths';
import { type DirectoryBlob, type OpenedFile, openStoredFile, storedBlob } from '../directory-blob';
import { LateSync } from './late-sync';
import { listBlobs } from './list-blobs';
import { KeyedMutex } from '../../../../common/async/keyed-mutex';
import { publishContent, publishSpoolFile } from './publish';
import { systemErrorCode, toStoreError } from '../store-error';
import { makeDurableFolder, syncFolder } from '../../../../common/files/durable-folder';

/** Settings of a directory store. */
export interface DirectoryBlobStoreOptions {
  /**
   * Folder of the blobs, used by one data plane only. On the file system of the spool, a fill needs
   * no copy.
   */
  readonly root: string;
  readonly logger: Logger;
  /** Default: the system clock. */
  readonly clock?: Clock;
  /** Changes with every boot of the machine. Default: the boot id of the kernel. */
  readonly bootId?: string;
}

/** A blob store with work before its first and after its last use. */
export interface DirectoryBlobStore extends BlobStore, BlobFiles {
  /** Resolves when all stored content is synced to disk. */
  close(): Promise<void>;
  /**
   * Creates the folders and removes incomplete files that a crash left. Throws STORE_FAILED if the
   * root is not writable.
   */
  prepare(): Promise<void>;
}

/**
 * Stores blobs as files of a directory (layout: blob-paths.ts). A file gets its name only when it
 * is complete and verified. A file that cannot be the blob (an empty file, a manifest with a wrong
 * digest) is removed when it is found. It counts as absent, so it is fetched again and no client
 * notices (docs/design/fills.md#damaged-blobs).
 */
export function createDirectoryBlobStore(options: DirectoryBlobStoreOptions): DirectoryBlobStore {
  const paths = blobPathsAt(resolve(options.root));
  const { logger, clock = systemClock, bootId } = options;
  return new FileBlobs(paths, new LateSync(paths, { logger, clock, bootId }), logger);
}

/**
 * Number of concurrent commits. A copy between file systems occupies one of Node's few file threads
 * for as long as the disk needs.
 */
const COMMIT_CONCURRENCY = 2;

class FileBlobs implements DirectoryBlobStore {
  private readonly commits = pLimit(COMMIT_CONCURRENCY);
  /**
   * Serializes adding and removing names, so that a name cannot change between the check of a file
   * and its removal.
   */
  private readonly names = new KeyedMutex();

  constructor(
    private readonly paths: BlobPaths,
    private readonly late: LateSync,
    private readonly logger: Logger,
  ) {}

  async prepare(): Promise<void> {
    await attempt('create the folders of its blob store', async () => {
      await makeDurableFolder(this.paths.incoming);
      const left = await readdir(this.paths.incoming);
      for (const name of left) await rm(join(this.paths.incoming, name), { recursive: true, force: true });
      if (left.length > 0) this.logger.info({ files: left.length }, 'Incomplete files of an earlier run were removed');
      await this.late.recover();
    });
  }

  async close(): Promise<void> {
    await this.late.flush();
  }

  async stat(digest: Digest): Promise<number | undefined> {
    const opened = await this.openWhole(digest);
    await opened?.file.close();
    return opened?.size;
  }

  async open(digest: Digest): Promise<StoredBlob | undefined> {
    const opened = await this.openWhole(digest);
    return opened && storedBlob(digest, this.paths.blob(digest), opened);
  }

  openFile(digest: Digest): Promise<StoredBlob | undefined> {
    return this.open(digest);
  }

  async ingest(digest: Digest): Promise<BlobIngest> {
    return {
      // The spool file itself becomes the blob.
      advance: () => undefined,
      commit: (spoolFile, size) =>
        attempt(`store ${digest}`, () =>
          this.commits(() =>
            this.names.run(digest, () => publishSpoolFile(this.paths, this.late, digest, spoolFile, size)),
          ),
        ),
      abort: () => Promise.resolve(),
    };
  }

  async put(digest: Digest, content: Buffer): Promise<void> {
    await attempt(`store ${digest}`, () => this.names.run(digest, () => publishContent(this.paths, digest, content)));
  }

  async get(digest: Digest, maxBytes: number): Promise<Buffer | undefined> {
    const opened = await this.openWhole(digest);
    if (opened === undefined) return undefined;
    try {
      if (opened.size > maxBytes) {
        throw new LayoverError('STORE_FAILED', {
          message: `Stored content ${digest} has ${opened.size} bytes, more than the ${maxBytes} bytes that Layover may hold in memory.`,
        });
      }
      const content = await attempt(`read ${digest} from its store`, () => opened.file.readFile());
      if (digestOf(content, algorithmOf(digest)) === digest) return content;
      await this.removeDamaged(digest, opened, 'its bytes have another digest');
      return undefined;
    } finally {
      await opened.file.close();
    }
  }

  async delete(digest: Digest): Promise<void> {
    await attempt(`delete ${digest}`, () => this.names.run(digest, () => rm(this.paths.blob(digest), { force: true })));
  }

  list(after: string, limit: number): Promise<BlobPage> {
    return attempt('list its blobs', () => listBlobs(this.paths, after, limit));
  }

  quarantine(digest: Digest, blob: StoredBlob): Promise<boolean> {
    // All blobs that this store opens are DirectoryBlobs. A blob of another store has no inode and
    // never matches.
    const { inode } = blob as DirectoryBlob;
    return attempt(`move ${digest} to quarantine`, async () => {
      await makeDurableFolder(this.paths.quarantine);
      return this.ifStillThere(digest, inode, async (path) => {
        await rename(path, this.paths.quarantined(digest));
        await syncFolder(this.paths.quarantine);
        await syncFolder(this.paths.folder(digest));
      });
    });
  }

  private async openWhole(digest: Digest): Promise<OpenedFile | undefined> {
    const opened = await openStoredFile(this.paths.blob(digest), digest);
    if (opened?.damaged !== true) return opened;
    try {
      await this.removeDamaged(digest, opened, `it has ${opened.size} bytes`);
    } finally {
      await opened.file.close();
    }
    return undefined;
  }

  private async removeDamaged(digest: Digest, opened: OpenedFile, why: string): Promise<void> {
    this.logger.error({ digest, why }, 'A stored blob is damaged; Layover removes it and will fetch it again');
    await attempt(`remove the damaged blob ${digest}`, () => this.ifStillThere(digest, opened.inode, unlink));
  }

  /**
   * Removes the name of exactly the checked file: the blob may have been filled again under its
   * name in the meantime (docs/design/fills.md#damaged-blobs).
   */
  private ifStillThere(digest: Digest, inode: number, take: (path: string) => Promise<void>): Promise<boolean> {
    const path = this.paths.blob(digest);
    return this.names.run(digest, async () => {
      try {
        if ((await stat(path)).ino !== inode) return false;
        await take(path);
        return true;
      } catch (error) {
        if (systemErrorCode(error) === 'ENOENT') return false;
        throw error;
      }
    });
  }
}

async function attempt<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw toStoreError(error, what);
  }
}
