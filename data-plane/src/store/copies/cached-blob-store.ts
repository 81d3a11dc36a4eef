import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { algorithmOf, type Digest, digestOf } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { BlobIngest, BlobPage, BlobStore, StoredBlob } from '../blob-store';
import { hasDigest } from '../hash-blob';
import type { LocalCopies } from './local-copies';

/** Dependencies of a cached store. */
export interface CachedBlobStoreOptions {
  /** The store that holds all content and decides what exists. */
  readonly store: BlobStore;
  readonly copies: LocalCopies;
  readonly clock: Clock;
}

/** A blob store that must be closed after its last use. */
export interface CachedBlobStore extends BlobStore {
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
const COPY_CONCURRENCY = 2;
const MAX_PENDING_COPIES = 64;

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
  private readonly copying = new Map<Digest, { readonly controller: AbortController; readonly over: Promise<void> }>();
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
    if (blob !== undefined) this.copyWhenHot(digest);
    return blob;
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
    if (!this.copies.isCopy(blob)) return this.store.quarantine(digest, blob);
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

  private copyWhenHot(digest: Digest): void {
    const now = this.options.clock.steady();
    const before = this.asked.get(digest) ?? -Infinity;
    this.asked.set(digest, now);
    if (now - before > HOT_MS || this.copying.has(digest) || this.copying.size >= MAX_PENDING_COPIES) return;
    const controller = new AbortController();
    const over = this.copyQueue(() => this.copy(digest, controller.signal))
      // A blob that could not be copied is read from the store.
      .catch(() => undefined)
      .finally(() => this.copying.delete(digest));
    this.copying.set(digest, { controller, over });
  }

  private async copy(digest: Digest, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const blob = await this.store.open(digest);
    try {
      if (blob !== undefined) await this.copies.copyBlob(digest, blob, signal);
    } finally {
      await blob?.close();
    }
  }
}
