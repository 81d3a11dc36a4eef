import { type FileHandle, link, mkdir, open, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import pLimit from 'p-limit';
import { makeDurableFolder } from '../../../../common/files/durable-folder';
import { type Digest, hexOf, newHasher } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { BlobFiles } from '../blob-files';
import type { BlobPage, StoredBlob } from '../blob-store';
import { readFileRange } from '../read-file-range';
import type { DiskAccount } from '../room/disk-account';
import { systemErrorCode } from '../store-error';
import { openStoredFile, storedBlob } from '../directory-blob';
import { type CopyPaths, copyPathsAt, findCopies } from './copy-paths';
import type { GrowingCopy } from './growing-copy';

/** Dependencies of LocalCopies. */
export interface LocalCopiesOptions {
  /**
   * Folder of the copies, used by this process only. On the file system of the spool, a finished
   * fill needs no second copy.
   */
  readonly root: string;
  /** Maximum total size of the copies, in bytes. */
  readonly capacityBytes: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Changes with every boot of the machine. */
  readonly bootId: string;
  /** The account of the spool's disk. Default: none, copies only ask the file system. */
  readonly account?: DiskAccount;
}

interface Copy {
  readonly digest: Digest;
  readonly size: number;
  path: string;
  /** Whether the digest was verified since the current boot. */
  trusted: boolean;
  /**
   * Number of open readers. The copy stays until they close, because an edge may be about to open
   * it by its path.
   */
  readers: number;
  touchedAt: number;
}

/** Accuracy of the last-read time on disk, in milliseconds. */
const TOUCH_MS = 60_000;
/** Bytes that copies leave free on the disk, because fills need them more. */
const KEEP_FREE_BYTES = 512 * 1024 * 1024;

/** Who learns of a copy while it is made. */
export interface CopyWatch {
  /** Is told what is written, and whether it is right. */
  readonly growing?: GrowingCopy | undefined;
  /** Called if the bytes have another digest. */
  readonly onWrong?: () => void;
}

/**
 * Copies of blobs as files on this host; the least recently read ones are evicted first. A copy may
 * be missing at any time. Failures do not reach the caller: they are logged, and the copy counts as
 * missing. A copy is used only if its size matches its name and its digest was verified since the
 * current boot. After a reboot, copies are hashed first, in the background, because their bytes may
 * not have reached the disk.
 */
export class LocalCopies implements BlobFiles {
  /** Least recently read first. */
  private readonly copies = new Map<Digest, Copy>();
  private readonly opened = new WeakMap<StoredBlob, Copy>();
  private readonly checks = pLimit(1);
  private readonly paths: CopyPaths;
  private bytes = 0;

  constructor(private readonly options: LocalCopiesOptions) {
    this.paths = copyPathsAt(resolve(options.root), options.bootId);
  }

  /** Total size of the copies, in bytes. */
  get totalBytes(): number {
    return this.bytes;
  }

  /**
   * Creates the folders, removes incomplete files that a crash left, and finds the copies of
   * earlier runs. Never throws.
   */
  async prepare(): Promise<void> {
    await this.quietly('could not be read', async () => {
      const { root, bootId } = this.options;
      await rm(this.paths.incoming, { recursive: true, force: true });
      await makeDurableFolder(this.paths.incoming);
      const boots = (await readdir(resolve(root), { withFileTypes: true })).filter((entry) => entry.isDirectory());
      const found = [];
      // The current boot comes last, so that its copy wins if there are two.
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

  /** Returns the size of a copy that can be opened now. */
  sizeOf(digest: Digest): number | undefined {
    const copy = this.copies.get(digest);
    return copy?.trusted === true ? copy.size : undefined;
  }

  /** Opens a copy; undefined = there is no trusted one. The caller closes it. */
  async open(digest: Digest): Promise<StoredBlob | undefined> {
    const copy = this.copies.get(digest);
    if (copy?.trusted !== true) {
      if (copy !== undefined) void this.check(copy);
      return undefined;
    }
    const blob = await this.openCopy(copy);
    if (blob !== undefined) this.touch(copy);
    return blob;
  }

  /** Lists the trusted copies; see BlobFiles. */
  async list(after: string, limit: number): Promise<BlobPage> {
    const later = [...this.copies.values()].filter(({ digest, trusted }) => trusted && digest > after);
    later.sort((a, b) => (a.digest < b.digest ? -1 : 1));
    return { blobs: later.slice(0, limit), more: later.length > limit };
  }

  /** Opens a trusted copy without counting it as read; see BlobFiles. */
  async openFile(digest: Digest): Promise<StoredBlob | undefined> {
    const copy = this.copies.get(digest);
    return copy?.trusted === true ? this.openCopy(copy) : undefined;
  }

  /** Returns whether a blob is one of the copies. */
  isCopy(blob: StoredBlob): boolean {
    return this.opened.has(blob);
  }

  /**
   * Makes a proven spool file a copy, as a hard link. It replaces a copy that exists, whose bytes
   * may be damaged. Never throws.
   */
  async adopt(digest: Digest, spoolFile: string, size: number): Promise<void> {
    await this.quietly('could not be stored', async () => {
      if (!this.fits(size) || (await stat(spoolFile)).size !== size) return;
      await this.place(digest, size, (path) => this.link(spoolFile, path, digest));
    });
  }

  /** Stores content that the caller has verified as a copy. Never throws. */
  async write(digest: Digest, content: Buffer): Promise<void> {
    await this.quietly('could not be stored', async () => {
      if (!this.canAdd(digest, content.length)) return;
      if (!(await (this.options.account?.mayWrite(content.length) ?? true))) return;
      await this.writeCopy(digest, content.length, (file) => file.writeFile(content).then(() => true));
    });
  }

  /**
   * Reads a whole blob into a copy, which is kept only if its bytes have the digest. Never throws.
   */
  async copyBlob(
    digest: Digest,
    blob: StoredBlob,
    signal: AbortSignal,
    { growing, onWrong }: CopyWatch = {},
  ): Promise<void> {
    await this.quietly('could not be written', async () => {
      if (!this.canAdd(digest, blob.size) || !(await this.hasRoom(blob.size))) return;
      const reservation = this.options.account?.open();
      try {
        if (reservation !== undefined && !(await reservation.take(blob.size, KEEP_FREE_BYTES))) return;
        await this.writeCopy(digest, blob.size, async (file, path) => {
          const hasher = newHasher(digest);
          growing?.begin(path);
          for await (const chunk of blob.read(0, blob.size, signal)) {
            hasher.update(chunk);
            await file.writeFile(chunk);
            reservation?.wrote(chunk.length);
            growing?.wrote(chunk.length);
          }
          if (signal.aborted) return false;
          const isRight = hasher.digest('hex') === hexOf(digest);
          growing?.judge(isRight);
          if (!isRight) onWrong?.();
          return isRight;
        });
      } finally {
        reservation?.release();
      }
    });
  }

  /** Removes a copy, even if it is being read. Never throws. */
  async forget(digest: Digest): Promise<void> {
    const copy = this.copies.get(digest);
    if (copy !== undefined) await this.drop(copy);
  }

  /** Removes the copy that a blob reads. Returns false if it was removed before. */
  async discard(blob: StoredBlob): Promise<boolean> {
    const copy = this.opened.get(blob);
    if (copy === undefined || this.copies.get(copy.digest) !== copy) return false;
    await this.drop(copy);
    return true;
  }

  /**
   * Removes copies with at least `bytes` bytes in all, least recently read first; fewer if the
   * others are being read. Removes none if all copies together have less than `enough` bytes: their
   * removal would not help. Never throws.
   */
  async makeRoom(bytes: number, enough = 0): Promise<void> {
    if (this.bytes < enough) return;
    let freed = 0;
    for (const copy of [...this.copies.values()]) {
      if (freed >= bytes) break;
      if (copy.readers > 0) continue;
      freed += copy.size;
      await this.drop(copy);
    }
  }

  private async openCopy(copy: Copy): Promise<StoredBlob | undefined> {
    const { digest } = copy;
    copy.readers += 1;
    const file = await openStoredFile(copy.path, digest).catch(() => undefined);
    if (file === undefined || file.size !== copy.size) {
      copy.readers -= 1;
      await file?.file.close();
      this.options.logger.warn({ digest, bytes: file?.size }, 'A local copy has changed on disk; Layover removes it');
      await this.drop(copy);
      return undefined;
    }
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

  private canAdd(digest: Digest, size: number): boolean {
    return this.fits(size) && this.copies.get(digest)?.trusted !== true;
  }

  private fits(size: number): boolean {
    return size > 0 && size <= this.options.capacityBytes;
  }

  private async hasRoom(bytes: number): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.paths.incoming);
    return bavail * bsize - bytes >= KEEP_FREE_BYTES;
  }

  private async writeCopy(
    digest: Digest,
    size: number,
    fill: (file: FileHandle, path: string) => Promise<boolean>,
  ): Promise<void> {
    const temporary = this.paths.temporary(digest);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        if (!(await fill(file, temporary)) || (await file.stat()).size !== size) return;
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
      if (systemErrorCode(error) !== 'EEXIST') throw error;
      // Another copy, or a file that an earlier removal left. Its path may be about to be opened,
      // so there is a file under it at all times.
      const temporary = this.paths.temporary(digest);
      try {
        await link(spoolFile, temporary);
        await rename(temporary, path);
      } finally {
        // rename(2) leaves both names if they are links to the same file.
        await rm(temporary, { force: true });
      }
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
    // The copy may have been evicted in the meantime; then there is no time to record.
    utimes(copy.path, now / 1000, now / 1000).catch(() => undefined);
  }

  /** Hashes a copy of an earlier boot. Afterwards the copy is trusted or removed. */
  private async check(copy: Copy): Promise<void> {
    if (copy.readers > 0) return;
    copy.readers += 1;
    await this.checks(() => this.quietly('could not be verified', () => this.hash(copy)));
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
      const level = ['EXDEV', 'ENOSPC'].includes(systemErrorCode(error) ?? '') ? 'debug' : 'warn';
      this.options.logger[level]({ err: error }, `A local copy ${what}`);
    }
  }
}
