import { LRUCache } from 'lru-cache';
import type { Digest } from '../../../common/oci/digest';
import type { BlobStore } from '../blob/blob-store';

/** Longest manifest that is kept and served, in bytes (architecture section 8; distribution's limit too). */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/**
 * Bytes of manifests by digest: the blob store, with the hot ones in memory. Bytes only, no rights: callers have made sure that
 * the repository holds the digest before they ask (trap T20).
 */
export class ManifestContents {
  private readonly memory: LRUCache<Digest, Buffer>;

  constructor(
    private readonly store: BlobStore,
    maxMemoryBytes: number,
  ) {
    this.memory = new LRUCache({
      maxSize: maxMemoryBytes,
      // An entry costs more than its bytes; without this, a million tiny manifests would be "small".
      sizeCalculation: (content) => content.length + 512,
    });
  }

  /** undefined = nowhere. Throws STORE_FAILED. */
  async get(digest: Digest): Promise<Buffer | undefined> {
    const hot = this.memory.get(digest);
    if (hot !== undefined) return hot;
    const stored = await this.store.get(digest, MAX_MANIFEST_BYTES);
    if (stored !== undefined) this.memory.set(digest, stored);
    return stored;
  }

  /** Whole and durable when it resolves. The caller has verified the digest. Throws STORE_FULL, STORE_FAILED. */
  async put(digest: Digest, content: Buffer): Promise<void> {
    await this.store.put(digest, content);
    this.memory.set(digest, content);
  }
}
