import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import { algorithmOf, type Digest, hexOf, parseDigest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import { errorCode } from '../store-error';
import type { BlobPaths } from './blob-paths';
import { kernelBootId } from './boot-id';
import { makeDurableFolder, syncFolder } from '../../../../common/files/durable-folder';

/** How long a blob that was just kept may wait for its sync, in milliseconds: as a rule its client still writes its own copy to a disk. */
const SYNC_DELAY_MS = 5_000;

/** What late syncs need. */
export interface LateSyncOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Changes when the machine starts anew; default: the kernel's. */
  readonly bootId?: string;
}

/**
 * Syncs blobs to disk some seconds after they were proven and given their name (ADR 8). Until then a file `unsynced/<digest>`
 * says so. It is made before the name, and file systems with a journal keep that order, so after a crash of the machine every blob
 * whose bytes may be missing is known, and looked at before it is served. A crash of the process alone loses nothing.
 */
export class LateSync {
  private readonly waiting = new Map<Digest, () => void>();
  /** One at a time: a sync holds one of Node's few threads for files for as long as the disk takes. */
  private readonly syncs = pLimit(1);
  private readonly bootId: string;

  constructor(
    private readonly paths: BlobPaths,
    private readonly options: LateSyncOptions,
  ) {
    this.bootId = options.bootId ?? kernelBootId();
  }

  /** To be called before a blob gets its name. Throws system errors. */
  async mark(digest: Digest): Promise<void> {
    await writeFile(this.marker(digest), this.bootId, { mode: 0o600 });
  }

  /** To be called when it has it. A sync that fails is logged and made up for at the next start. */
  schedule(digest: Digest): void {
    this.waiting.get(digest)?.();
    this.waiting.set(
      digest,
      this.options.clock.after(SYNC_DELAY_MS, () => this.begin(digest)),
    );
  }

  /** Syncs what waits, at once, and resolves when nothing is left to do. */
  async flush(): Promise<void> {
    for (const [digest, cancel] of [...this.waiting]) {
      cancel();
      this.begin(digest);
    }
    await this.syncs(() => undefined);
  }

  /**
   * Deals with what an earlier process left unsynced, before anything is served. Marked in this run of the machine: the bytes are
   * the kernel's to keep, and are synced later. Marked before it: the digest decides; what is damaged is removed. Throws system errors.
   */
  async recover(): Promise<void> {
    await makeDurableFolder(this.paths.unsynced);
    for (const name of await readdir(this.paths.unsynced)) {
      const digest = parseDigest(name.replace('-', ':'));
      if (digest === undefined) continue;
      if ((await readFile(join(this.paths.unsynced, name), 'utf8')) === this.bootId) {
        this.schedule(digest);
        continue;
      }
      if (!(await isWhole(this.paths.blob(digest), digest))) {
        this.options.logger.warn(
          { digest },
          'a blob did not survive the crash of the machine; it will be fetched again',
        );
        await rm(this.paths.blob(digest), { force: true });
      }
      await this.sync(digest);
    }
  }

  private begin(digest: Digest): void {
    this.waiting.delete(digest);
    this.syncs(() => this.sync(digest)).catch((error: unknown) => {
      this.options.logger.error({ err: error, digest }, 'a blob could not be synced; the next start looks at it');
    });
  }

  private async sync(digest: Digest): Promise<void> {
    try {
      const file = await open(this.paths.blob(digest), 'r+');
      try {
        await file.datasync();
      } finally {
        await file.close();
      }
      await syncFolder(this.paths.folder(digest));
    } catch (error) {
      // Deleted meanwhile: there is nothing to keep.
      if (errorCode(error) !== 'ENOENT') throw error;
    }
    await rm(this.marker(digest), { force: true });
  }

  private marker(digest: Digest): string {
    return join(this.paths.unsynced, `${algorithmOf(digest)}-${hexOf(digest)}`);
  }
}

async function isWhole(path: string, digest: Digest): Promise<boolean> {
  const hash = createHash(algorithmOf(digest));
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
  return hash.digest('hex') === hexOf(digest);
}
