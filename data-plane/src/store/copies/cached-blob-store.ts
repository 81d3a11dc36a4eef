import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import { algorithmOf, type Digest, digestOf } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { BlobIngest, BlobPage, BlobStore, StoredBlob } from '../blob-store';
import { hasDigest } from '../hash-blob';
import type { LocalCopies } from './local-copies';

/** What a cached store is made of. */
export interface CachedBlobStoreOptions {
  /** What holds everything, and decides what is there. */
  readonly store: BlobStore;
  readonly copies: LocalCopies;
  readonly clock: Clock;
}

/** A blob store that may have something to end after its last use. */
export interface CachedBlobStore extends BlobStore {
  /** Gives up copies that are on their way. The store behind stays open. */
  close(): Promise<void>;
}

/** A blob that is opened again within this time is hot, in milliseconds. */
const HOT_MS = 3_600_000;
/** A copy that is read is compared with the store behind no more often than this, in milliseconds. */
const CONFIRM_MS = 60_000;
const REMEMBERED = 16_384;
/** Copies that are brought in at a time, and that wait for it. */
const BRING_AT_ONCE = 2;
const BRING_WAITING = 64;

/**
 * A blob store on this host's disk in front of one that is further away. A copy is read without asking the store behind, which it is compared with
 * afterwards: what was deleted there goes here too. Everything else is the store's behind, so it alone says what is there, also when it fails; only a
 * size is told from a copy when it does.
 */
export function createCachedBlobStore(options: CachedBlobStoreOptions): CachedBlobStore {
  return new CopiedBlobs(options);
}

class CopiedBlobs implements CachedBlobStore {
  private readonly store: BlobStore;
  private readonly copies: LocalCopies;
  private readonly asked = new LRUCache<Digest, number>({ max: REMEMBERED });
  private readonly confirmed = new LRUCache<Digest, number>({ max: REMEMBERED });
  private readonly bringing = new Map<Digest, { readonly controller: AbortController; readonly over: Promise<void> }>();
  private readonly brings = pLimit(BRING_AT_ONCE);

  constructor(private readonly options: CachedBlobStoreOptions) {
    this.store = options.store;
    this.copies = options.copies;
  }

  async close(): Promise<void> {
    const running = [...this.bringing.values()];
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
    if (blob !== undefined) this.bringWhenHot(digest);
    return blob;
  }

  async ingest(digest: Digest, spoolFile: string): Promise<BlobIngest> {
    const inner = await this.store.ingest(digest, spoolFile);
    return {
      advance: (writtenBytes) => inner.advance(writtenBytes),
      commit: async (file, size) => {
        await inner.commit(file, size);
        await this.copies.adopt(digest, file, size);
        this.confirmed.set(digest, this.options.clock.now());
      },
      abort: () => inner.abort(),
    };
  }

  async put(digest: Digest, content: Buffer): Promise<void> {
    await this.store.put(digest, content);
    await this.copies.write(digest, content);
    this.confirmed.set(digest, this.options.clock.now());
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
    this.bringing.get(digest)?.controller.abort();
    await this.copies.forget(digest);
    await this.store.delete(digest);
  }

  list(after: string, limit: number): Promise<BlobPage> {
    return this.store.list(after, limit);
  }

  /** A copy that is moved aside says nothing of the store behind: its bytes are looked at, and moved aside only if they are damaged too. */
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
      // A disk that does not give it: the store behind may.
      await this.copies.discard(blob);
      return undefined;
    } finally {
      await blob.close();
    }
  }

  /** Looks, without anybody waiting, whether what is read from a copy is still in the store. */
  private confirm(digest: Digest): void {
    const now = this.options.clock.now();
    if (now - (this.confirmed.get(digest) ?? -Infinity) < CONFIRM_MS) return;
    this.confirmed.set(digest, now);
    this.store.stat(digest).then(
      (size) => (size === undefined ? this.copies.forget(digest) : undefined),
      // The store can't say: then the copy is what there is.
      () => undefined,
    );
  }

  private bringWhenHot(digest: Digest): void {
    const now = this.options.clock.now();
    const before = this.asked.get(digest) ?? -Infinity;
    this.asked.set(digest, now);
    if (now - before > HOT_MS || this.bringing.has(digest) || this.bringing.size >= BRING_WAITING) return;
    const controller = new AbortController();
    const over = this.brings(() => this.bring(digest, controller.signal))
      // What can't be brought in is read from the store.
      .catch(() => undefined)
      .finally(() => this.bringing.delete(digest));
    this.bringing.set(digest, { controller, over });
  }

  private async bring(digest: Digest, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const blob = await this.store.open(digest);
    try {
      if (blob !== undefined) await this.copies.bring(digest, blob, signal);
    } finally {
      await blob?.close();
    }
  }
}
