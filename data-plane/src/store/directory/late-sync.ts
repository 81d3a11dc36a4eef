import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import { algorithmOf, type Digest, hexOf, parseDigest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import { systemErrorCode } from '../store-error';
import type { BlobPaths } from './blob-paths';
import { kernelBootId } from './boot-id';
import { makeDurableFolder, syncFolder } from '../../../../common/files/durable-folder';

/**
 * Delay between storing a blob and its sync, in milliseconds. In this time, the client usually
 * still writes its own copy to a disk.
 */
const SYNC_DELAY_MS = 5_000;

/** Dependencies of LateSync. */
export interface LateSyncOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Changes with every boot of the machine. Default: the boot id of the kernel. */
  readonly bootId?: string;
}

/**
 * Syncs blobs to disk some seconds after they were proven and got their name (ADR 8). Until then, a
 * marker file `unsynced/<digest>` exists. It is created before the name, and journaling file
 * systems keep that order. So after a crash of the machine, every blob with possibly missing bytes
 * is known and verified before it is served. A crash of the process alone loses nothing.
 */
export class LateSync {
  private readonly waiting = new Map<Digest, () => void>();
  /**
   * One sync at a time, because a sync occupies one of Node's few file threads for as long as the
   * disk needs.
   */
  private readonly syncs = pLimit(1);
  private readonly bootId: string;

  constructor(
    private readonly paths: BlobPaths,
    private readonly options: LateSyncOptions,
  ) {
    this.bootId = options.bootId ?? kernelBootId();
  }

  /** Creates the marker. Call it before a blob gets its name. Throws system errors. */
  async mark(digest: Digest): Promise<void> {
    await writeFile(this.marker(digest), this.bootId, { mode: 0o600 });
  }

  /**
   * Schedules the sync. Call it when the blob has its name. A failed sync is logged and repeated at
   * the next start.
   */
  schedule(digest: Digest): void {
    this.waiting.get(digest)?.();
    this.waiting.set(
      digest,
      this.options.clock.after(SYNC_DELAY_MS, () => this.begin(digest)),
    );
  }

  /** Starts all scheduled syncs at once, and resolves when they have ended. */
  async flush(): Promise<void> {
    for (const [digest, cancel] of [...this.waiting]) {
      cancel();
      this.begin(digest);
    }
    await this.syncs(() => undefined);
  }

  /**
   * Handles blobs that an earlier process left unsynced, before any blob is served. If the machine
   * did not reboot, the kernel still holds the bytes, so they are synced later. After a reboot, the
   * digest is verified and damaged blobs are removed. Throws system errors.
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
        this.options.logger.warn({ digest }, 'A crash of the machine damaged a blob; Layover will fetch it again');
        await rm(this.paths.blob(digest), { force: true });
      }
      await this.sync(digest);
    }
  }

  private begin(digest: Digest): void {
    this.waiting.delete(digest);
    this.syncs(() => this.sync(digest)).catch((error: unknown) => {
      this.options.logger.error({ err: error, digest }, 'Syncing a blob failed; the next start verifies the blob');
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
      // The blob was deleted in the meantime, so there is nothing to sync.
      if (systemErrorCode(error) !== 'ENOENT') throw error;
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
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
  return hash.digest('hex') === hexOf(digest);
}
