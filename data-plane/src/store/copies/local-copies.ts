import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import pLimit from 'p-limit';
import { makeDurableFolder } from '../../../../common/files/durable-folder';
import { type Digest, hexOf, newHasher } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { StoredBlob } from '../blob-store';
import { readFileRange } from '../read-file-range';
import { errorCode } from '../store-error';
import { openStoredFile, storedBlob } from '../directory-blob';
import { type CopyPaths, copyPathsAt, findCopies } from './copy-paths';

/** What local copies are made of. */
export interface LocalCopiesOptions {
  /** Folder of the copies; this process's own. On the file system of the spool: a finished fill then costs no second copy. */
  readonly root: string;
  /** What they may have in all, in bytes. */
  readonly capacityBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Changes when the machine starts anew. */
  readonly bootId: string;
}

interface Copy {
  readonly digest: Digest;
  readonly size: number;
  path: string;
  /** Its digest was checked in this run of the machine. */
  trusted: boolean;
  /** Who has it open: it stays until they are done, because an edge may be about to open it by its path. */
  readers: number;
  touchedAt: number;
}

/** How exactly the time of the last read is kept on disk, in milliseconds. */
const TOUCH_MS = 60_000;
/** No copy is brought in that would leave less of the disk: fills need it more. */
const KEEP_FREE_BYTES = 512 * 1024 * 1024;

/**
 * Blobs as files of this host, least recently read gone first. A copy may be missing at any time, and none of what goes wrong here reaches who asks:
 * it is logged, and the copy is not there. A copy is used when its size is what its name says, and its digest was checked in this run of the machine: after
 * another start of the machine it is hashed first, in the background (its bytes may not have reached the disk).
 */
export class LocalCopies {
  /** Least recently read first. */
  private readonly copies = new Map<Digest, Copy>();
  private readonly opened = new WeakMap<StoredBlob, Copy>();
  private readonly checks = pLimit(1);
  private readonly paths: CopyPaths;
  private bytes = 0;

  constructor(private readonly options: LocalCopiesOptions) {
    this.paths = copyPathsAt(resolve(options.root), options.bootId);
  }

  /** What the copies have in all. */
  get totalBytes(): number {
    return this.bytes;
  }

  /** Makes the folders, removes what a crash left half written, and finds what earlier runs have kept. Never throws. */
  async prepare(): Promise<void> {
    await this.quietly('could not be read', async () => {
      const { root, bootId } = this.options;
      await rm(this.paths.incoming, { recursive: true, force: true });
      await makeDurableFolder(this.paths.incoming);
      const boots = (await readdir(resolve(root), { withFileTypes: true })).filter((entry) => entry.isDirectory());
      const found = [];
      // The present run's last, so that its copy of two is the one that counts.
      for (const { name } of boots.sort((a, b) => Number(a.name === bootId) - Number(b.name === bootId))) {
        if (name === 'incoming') continue;
        const copies = await findCopies(this.paths.boot(name));
        if (copies.length === 0 && name !== bootId) await rm(this.paths.boot(name), { recursive: true, force: true });
        found.push(...copies.map((copy) => ({ ...copy, trusted: name === bootId })));
      }
      for (const { sound, readAt, ...copy } of found.sort((a, b) => a.readAt - b.readAt)) {
        const other = this.copies.get(copy.digest);
        if (!sound || other?.trusted === true) await rm(copy.path, { force: true });
        else {
          if (other !== undefined) await this.drop(other);
          this.add({ ...copy, readers: 0, touchedAt: readAt });
        }
      }
      this.evict();
    });
  }

  /** Size of a copy that could be opened now. */
  sizeOf(digest: Digest): number | undefined {
    const copy = this.copies.get(digest);
    return copy?.trusted === true ? copy.size : undefined;
  }

  /** undefined = there is none that can be trusted. The caller closes it. */
  async open(digest: Digest): Promise<StoredBlob | undefined> {
    const copy = this.copies.get(digest);
    if (copy?.trusted !== true) {
      if (copy !== undefined) void this.check(copy);
      return undefined;
    }
    copy.readers += 1;
    const file = await openStoredFile(copy.path, digest).catch(() => undefined);
    if (file === undefined || file.size !== copy.size) {
      copy.readers -= 1;
      await file?.file.close();
      this.options.logger.warn({ digest, bytes: file?.size }, 'a local copy is not what it was; it is given up');
      await this.drop(copy);
      return undefined;
    }
    this.touch(copy);
    const inner = storedBlob(digest, copy.path, file);
    let closing: Promise<void> | undefined;
    const blob: StoredBlob = {
      ...inner,
      close: () =>
        (closing ??= inner.close().finally(() => {
          copy.readers -= 1;
          this.evict();
        })),
    };
    this.opened.set(blob, copy);
    return blob;
  }

  /** Whether a blob is one of the copies. */
  isCopy(blob: StoredBlob): boolean {
    return this.opened.has(blob);
  }

  /** A proven spool file becomes a copy, by another name for the same bytes. Never throws. */
  async adopt(digest: Digest, spoolFile: string, size: number): Promise<void> {
    await this.quietly('could not be kept', async () => {
      if (!this.mayAdd(digest, size) || (await stat(spoolFile)).size !== size) return;
      await this.place(digest, size, (path) => this.link(spoolFile, path, digest));
    });
  }

  /** Content in memory, verified by the caller, becomes a copy. Never throws. */
  async write(digest: Digest, content: Buffer): Promise<void> {
    await this.quietly('could not be kept', async () => {
      if (!this.mayAdd(digest, content.length)) return;
      await this.bringIn(digest, content.length, (file) => file.writeFile(content).then(() => true));
    });
  }

  /** Reads a whole blob into a copy, if its bytes have the digest. Never throws. */
  async bring(digest: Digest, blob: StoredBlob, signal: AbortSignal): Promise<void> {
    await this.quietly('could not be brought in', async () => {
      if (!this.mayAdd(digest, blob.size) || !(await this.hasRoom(blob.size))) return;
      await this.bringIn(digest, blob.size, async (file) => {
        const hasher = newHasher(digest);
        for await (const chunk of blob.read(0, blob.size, signal)) {
          hasher.update(chunk);
          await file.writeFile(chunk);
        }
        return !signal.aborted && hasher.digest('hex') === hexOf(digest);
      });
    });
  }

  /** Gives a copy up, whoever reads it. Never throws. */
  async forget(digest: Digest): Promise<void> {
    const copy = this.copies.get(digest);
    if (copy !== undefined) await this.drop(copy);
  }

  /** Gives up the copy that a blob reads; false = it was given up before. */
  async discard(blob: StoredBlob): Promise<boolean> {
    const copy = this.opened.get(blob);
    if (copy === undefined || this.copies.get(copy.digest) !== copy) return false;
    await this.drop(copy);
    return true;
  }

  /** Gives up copies of so many bytes, least recently read first, where there are as many that nobody reads. Never throws. */
  async makeRoom(bytes: number): Promise<void> {
    let freed = 0;
    for (const copy of [...this.copies.values()]) {
      if (freed >= bytes) break;
      if (copy.readers > 0) continue;
      freed += copy.size;
      await this.drop(copy);
    }
  }

  private mayAdd(digest: Digest, size: number): boolean {
    return size > 0 && size <= this.options.capacityBytes && this.copies.get(digest)?.trusted !== true;
  }

  private async hasRoom(bytes: number): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.paths.incoming);
    return bavail * bsize - bytes >= KEEP_FREE_BYTES;
  }

  private async bringIn(digest: Digest, size: number, fill: (file: FileHandle) => Promise<boolean>): Promise<void> {
    const temporary = this.paths.temporary(digest);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        if (!(await fill(file)) || (await file.stat()).size !== size) return;
      } finally {
        await file.close();
      }
      await this.place(digest, size, (path) => rename(temporary, path));
    } finally {
      await rm(temporary, { force: true });
    }
  }

  private async place(digest: Digest, size: number, give: (path: string) => Promise<void>): Promise<void> {
    const path = this.paths.copy(digest, size);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await give(path);
    const other = this.copies.get(digest);
    if (other?.trusted === true && other.path === path) return;
    if (other !== undefined) this.remove(other);
    if (other !== undefined && other.path !== path) await rm(other.path, { force: true });
    this.add({ digest, size, path, trusted: true, readers: 0, touchedAt: 0 });
    this.evict();
  }

  private async link(spoolFile: string, path: string, digest: Digest): Promise<void> {
    try {
      await link(spoolFile, path);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      // Somebody else's copy, which may be about to be opened by its path; or what an earlier removal has left.
      if (this.copies.get(digest)?.trusted === true) return;
      await rm(path, { force: true });
      await link(spoolFile, path);
    }
  }

  private add(copy: Copy): void {
    this.copies.set(copy.digest, copy);
    this.bytes += copy.size;
  }

  private remove(copy: Copy): void {
    if (this.copies.get(copy.digest) !== copy) return;
    this.copies.delete(copy.digest);
    this.bytes -= copy.size;
  }

  private async drop(copy: Copy): Promise<void> {
    this.remove(copy);
    await this.quietly('could not be removed', () => rm(copy.path, { force: true }));
  }

  private evict(): void {
    for (const copy of this.copies.values()) {
      if (this.bytes <= this.options.capacityBytes) return;
      if (copy.readers === 0) void this.drop(copy);
    }
  }

  private touch(copy: Copy): void {
    this.copies.delete(copy.digest);
    this.copies.set(copy.digest, copy);
    const now = this.options.clock.now();
    if (now - copy.touchedAt < TOUCH_MS) return;
    copy.touchedAt = now;
    // Evicted meanwhile: nothing to remember.
    utimes(copy.path, now / 1000, now / 1000).catch(() => undefined);
  }

  /** Hashes a copy of an earlier run of the machine; from then on it is trusted, or gone. */
  private async check(copy: Copy): Promise<void> {
    if (copy.readers > 0) return;
    copy.readers += 1;
    await this.checks(() => this.quietly('could not be checked', () => this.hash(copy)));
    copy.readers -= 1;
    if (!copy.trusted) await this.drop(copy);
    this.evict();
  }

  private async hash(copy: Copy): Promise<void> {
    const { digest, size } = copy;
    const file = await open(copy.path, 'r');
    try {
      const hasher = newHasher(digest);
      const range = { offset: 0, length: size, what: `check ${digest}` };
      for await (const chunk of readFileRange(file, range)) hasher.update(chunk);
      if (hasher.digest('hex') !== hexOf(digest)) return;
    } finally {
      await file.close();
    }
    const path = this.paths.copy(digest, size);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rename(copy.path, path);
    copy.path = path;
    copy.trusted = true;
  }

  private async quietly(what: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      const level = ['EXDEV', 'ENOSPC'].includes(errorCode(error) ?? '') ? 'debug' : 'warn';
      this.options.logger[level]({ err: error }, `a local copy ${what}`);
    }
  }
}
