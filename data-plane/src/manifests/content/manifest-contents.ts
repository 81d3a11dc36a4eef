import { LRUCache } from 'lru-cache';
import type { Digest } from '../../../../common/oci/digest';
import { Absence } from '../../store/guard/absence';
import type { StoredBlobs } from '../../store/guard/stored-blobs';
import type { ContentUses } from '../../store/uses/content-uses';

/**
 * Longest manifest that is kept and served, in bytes
 * (docs/design/pull-semantics.md#manifest-limits; distribution's limit too).
 */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/**
 * Bytes of manifests by digest: the blob store, with the hot ones in memory. Bytes only, no rights:
 * callers have made sure that the repository holds the digest before they ask
 * (docs/design/pull-semantics.md#right-to-read).
 */
export class ManifestContents {
  private readonly memory: LRUCache<Digest, Buffer>;

  constructor(
    private readonly stored: StoredBlobs,
    maxMemoryBytes: number,
    private readonly uses: Pick<ContentUses, 'touch'>,
  ) {
    this.memory = new LRUCache({
      maxSize: maxMemoryBytes,
      // An entry costs more than its bytes; without this, a million tiny manifests would be "small".
      sizeCalculation: (content) => content.length + 512,
    });
    stored.whenRemoved((digest) => this.memory.delete(digest));
  }

  /** undefined = nowhere. Throws STORE_FAILED. */
  async get(digest: Digest): Promise<Buffer | undefined> {
    this.uses.touch(digest);
    const hot = this.memory.get(digest);
    if (hot !== undefined) return hot;
    const stored = await this.fromStore(digest);
    if (stored !== undefined) this.memory.set(digest, stored);
    return stored;
  }

  /** Whole and durable when it resolves. The caller has verified the digest. Throws STORE_FULL, STORE_FAILED. */
  async put(digest: Digest, content: Buffer): Promise<void> {
    await this.stored.put(digest, content);
    this.uses.touch(digest);
    this.memory.set(digest, content);
  }

  private async fromStore(digest: Digest): Promise<Buffer | undefined> {
    try {
      return await this.stored.get(digest, MAX_MANIFEST_BYTES);
    } catch (error) {
      if (await this.movedAside(digest)) return undefined;
      throw error;
    }
  }

  /**
   * Moves a damaged manifest aside (docs/design/fills.md#damaged-blobs). No manifest that was stored
   * is larger than the limit, so a larger file is damaged; its bytes are hashed all the same before
   * it is touched.
   */
  private async movedAside(digest: Digest): Promise<boolean> {
    const blob = await this.stored.open(digest);
    if (blob instanceof Absence) return false;
    try {
      return blob.size > MAX_MANIFEST_BYTES && (await this.stored.prove(digest, blob)) === 'moved-aside';
    } finally {
      await blob.close();
    }
  }
}
