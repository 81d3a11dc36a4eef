import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { algorithmOf, type Digest, digestOf } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { BlobIngest, BlobPage, BlobStore, StoredBlob } from '../blob-store';
import { hasDigest } from '../hash-blob';
import { GrowingCopy } from './growing-copy';
import type { LocalCopies } from './local-copies';

/** Dependencies of a cached store. */
export interface CachedBlobStoreOptions {
  /** The store that holds all content and decides what exists. */
  readonly store: BlobStore;
  readonly copies: LocalCopies;
  readonly clock: Clock;
  /** Called for a blob of the store that was copied with wrong bytes. Default: nobody is told. */
  readonly onDoubt?: (digest: Digest) => void;
}

/** A blob store that must be closed after its last use. */
export interface CachedBlobStore extends BlobStore {
  /** Notes that many readers of a blob are coming: its next opening makes a copy. */
  expectReaders(digest: Digest): void;
  /** Aborts copies that are being made. Does not close the backing store. */
  close(): Promise<void>;
}

/** A blob that is opened again within this time is hot. In milliseconds. */
const HOT_MS = 3_600_000;
/**
 * Shortest time between two checks that the store still holds a blob that is read from its copy, in
 * milliseconds.
 */
const CONFIRM_MS = 60_000;
const REMEMBERED = 16_384;
/** Number of copies that are made at a time, and that may be running or waiting. */
const COPY_CONCURRENCY = 8;
const MAX_PENDING_COPIES = 64;

/** A copy that is being made, or waits for its turn. */
interface RunningCopy {
  readonly controller: AbortController;
  readonly growing: GrowingCopy;
  readonly over: Promise<void>;
  /** False while it waits for its turn. */
  isRunning: boolean;
}

/**
 * Creates a blob store that caches blobs on the disk of this host in front of a remote store. Reads
 * of a copy do not ask the remote store first. The check runs afterwards: if the blob was deleted
 * there, its copy is removed too. All other calls go to the remote store, so it alone decides what
 * exists, and its failures are returned. Only the size of a blob is taken from a copy if the remote
 * store fails.
 */
export function createCachedBlobStore(options: CachedBlobStoreOptions): CachedBlobStore {
  return new CopiedBlobs(options);
}

class CopiedBlobs implements CachedBlobStore {
  private readonly store: BlobStore;
  private readonly copies: LocalCopies;
  private readonly asked = new LRUCache<Digest, number>({ max: REMEMBERED });
  private readonly confirmed = new LRUCache<Digest, number>({ max: REMEMBERED });
  private readonly copying = new Map<Digest, RunningCopy>();
  /** The blob of the remote store behind a blob that reads a growing copy. */
  private readonly behind = new WeakMap<StoredBlob, StoredBlob>();
  private readonly copyQueue = pLimit(COPY_CONCURRENCY);

  constructor(private readonly options: CachedBlobStoreOptions) {
    this.store = options.store;
    this.copies = options.copies;
  }

  async close(): Promise<void> {
    const running = [...this.copying.values()];
    for (const { controller } of running) controller.abort();
    await Promise.all(running.map(({ over }) => over));
  }

  async stat(digest: Digest): Promise<number | undefined> {
    try {
      return await this.store.stat(digest);
    } catch (error) {
      const size = this.copies.sizeOf(digest);
      if (size === undefined) throw error;
      return size;
    }
  }

  async open(digest: Digest): Promise<StoredBlob | undefined> {
    const copy = await this.copies.open(digest);
    if (copy !== undefined) {
      this.confirm(digest);
      return copy;
    }
    const blob = await this.store.open(digest);
    if (blob === undefined) return undefined;
    this.copyWhenHot(digest, blob.size);
    const copying = this.copying.get(digest);
    if (copying?.isRunning !== true) return blob;
    const shared = await copying.growing.share(blob);
    if (shared !== blob) {
      this.behind.set(shared, blob);
      return shared;
    }
    // It may have become a copy under its own name in the meantime.
    const finished = await this.copies.open(digest);
    if (finished === undefined) return blob;
    await blob.close();
    return finished;
  }

  expectReaders(digest: Digest): void {
    this.asked.set(digest, this.options.clock.steady());
  }

  async ingest(digest: Digest, spoolFile: string): Promise<BlobIngest> {
    const inner = await this.store.ingest(digest, spoolFile);
    return {
      advance: (writtenBytes) => inner.advance(writtenBytes),
      commit: async (file, size) => {
        await inner.commit(file, size);
        await this.copies.adopt(digest, file, size);
        this.confirmed.set(digest, this.options.clock.steady());
      },
      abort: () => inner.abort(),
    };
  }

  async put(digest: Digest, content: Buffer): Promise<void> {
    await this.store.put(digest, content);
    await this.copies.write(digest, content);
    this.confirmed.set(digest, this.options.clock.steady());
  }

  async get(digest: Digest, maxBytes: number): Promise<Buffer | undefined> {
    const copy = await this.getCopy(digest, maxBytes);
    if (copy !== undefined) {
      this.confirm(digest);
      return copy;
    }
    const content = await this.store.get(digest, maxBytes);
    if (content !== undefined) await this.copies.write(digest, content);
    return content;
  }

  async delete(digest: Digest): Promise<void> {
    this.copying.get(digest)?.controller.abort();
    await this.copies.forget(digest);
    await this.store.delete(digest);
  }

  list(after: string, limit: number): Promise<BlobPage> {
    return this.store.list(after, limit);
  }

  /**
   * Discards a copy. This says nothing about the remote store, so its bytes are hashed too, and
   * moved to quarantine only if they are damaged.
   */
  async quarantine(digest: Digest, blob: StoredBlob): Promise<boolean> {
    if (!this.copies.isCopy(blob)) return this.store.quarantine(digest, this.behind.get(blob) ?? blob);
    if (!(await this.copies.discard(blob))) return false;
    const behind = await this.store.open(digest);
    try {
      if (behind !== undefined && !(await hasDigest(behind, digest))) await this.store.quarantine(digest, behind);
    } finally {
      await behind?.close();
    }
    return true;
  }

  private async getCopy(digest: Digest, maxBytes: number): Promise<Buffer | undefined> {
    const blob = await this.copies.open(digest);
    if (blob === undefined) return undefined;
    try {
      if (blob.size > maxBytes) return undefined;
      const chunks: Buffer[] = [];
      for await (const chunk of blob.read(0, blob.size)) chunks.push(chunk);
      const content = Buffer.concat(chunks);
      if (digestOf(content, algorithmOf(digest)) === digest) return content;
      await this.copies.discard(blob);
      return undefined;
    } catch {
      // If the disk fails to read the copy, the remote store may still have the content.
      await this.copies.discard(blob);
      return undefined;
    } finally {
      await blob.close();
    }
  }

  /** Checks in the background whether the store still holds the blob of a copy. */
  private confirm(digest: Digest): void {
    const now = this.options.clock.steady();
    if (now - (this.confirmed.get(digest) ?? -Infinity) < CONFIRM_MS) return;
    this.confirmed.set(digest, now);
    this.store.stat(digest).then(
      (size) => (size === undefined ? this.copies.forget(digest) : undefined),
      // If the store gives no answer, the copy stays.
      () => undefined,
    );
  }

  private copyWhenHot(digest: Digest, size: number): void {
    const { clock } = this.options;
    const now = clock.steady();
    const before = this.asked.get(digest) ?? -Infinity;
    this.asked.set(digest, now);
    if (now - before > HOT_MS || this.copying.has(digest) || this.copying.size >= MAX_PENDING_COPIES) return;
    const controller = new AbortController();
    const growing = new GrowingCopy(digest, size, clock);
    const work = async (): Promise<void> => {
      copying.isRunning = true;
      await this.copy(digest, growing, controller.signal);
    };
    const isRunning = this.copying.size < COPY_CONCURRENCY;
    const over = this.copyQueue(work)
      // A blob that could not be copied is read from the store.
      .catch(() => undefined)
      .finally(() => {
        growing.end();
        this.copying.delete(digest);
      });
    const copying: RunningCopy = { controller, growing, over, isRunning };
    this.copying.set(digest, copying);
  }

  private async copy(digest: Digest, growing: GrowingCopy, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const blob = await this.store.open(digest);
    try {
      const onWrong = (): void => this.options.onDoubt?.(digest);
      if (blob !== undefined) await this.copies.copyBlob(digest, blob, signal, { growing, onWrong });
    } finally {
      await blob?.close();
    }
  }
}
