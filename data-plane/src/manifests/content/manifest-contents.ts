import { MAX_MANIFEST_BYTES } from '../../upstream/upstream-registry';
import { LRUCache } from 'lru-cache';
import type { Digest } from '../../../../common/oci/digest';
import { Absence } from '../../store/guard/absence';
import { rightForInternalUse } from '../../store/guard/internal-right';
import type { StoredBlobs } from '../../store/guard/stored-blobs';
import { isStoreUnreachable } from '../../store/store-error';
import type { ContentUses } from '../../store/uses/content-uses';

/**
 * Reads and writes the bytes of manifests by digest: the blob store, with frequently used manifests
 * cached in memory. It checks no rights: callers must make sure first that the repository holds the
 * digest (docs/design/pull-semantics.md#right-to-read).
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
      // Every entry has overhead; without the constant, a million tiny manifests would count as
      // small.
      sizeCalculation: (content) => content.length + 512,
    });
    stored.whenRemoved((digest) => this.memory.delete(digest));
  }

  /**
   * Returns the bytes of a manifest; undefined if they are not stored, or the store cannot be
   * reached: the upstream is then asked. Throws STORE_FAILED.
   */
  async get(digest: Digest): Promise<Buffer | undefined> {
    this.uses.touch(digest);
    const hot = this.memory.get(digest);
    if (hot !== undefined) return hot;
    const stored = await this.fromStore(digest);
    if (stored !== undefined) this.memory.set(digest, stored);
    return stored;
  }

  /**
   * Stores a manifest, which is complete and durable when the promise resolves. The caller must
   * have verified the digest. Throws STORE_FULL and STORE_FAILED.
   */
  async put(digest: Digest, content: Buffer): Promise<void> {
    await this.stored.put(digest, content);
    this.uses.touch(digest);
    this.memory.set(digest, content);
  }

  private async fromStore(digest: Digest): Promise<Buffer | undefined> {
    try {
      return await this.stored.get(digest, MAX_MANIFEST_BYTES);
    } catch (error) {
      if (isStoreUnreachable(error)) return undefined;
      if (await this.quarantineDamaged(digest)) return undefined;
      throw error;
    }
  }

  /**
   * Moves a damaged manifest to quarantine (docs/design/fills.md#damaged-blobs). Stored manifests
   * are never larger than the limit, so a larger file is damaged. Its bytes are still hashed before
   * it is moved.
   */
  private async quarantineDamaged(digest: Digest): Promise<boolean> {
    const blob = await this.stored.open(rightForInternalUse(digest));
    if (blob instanceof Absence) return false;
    try {
      return blob.size > MAX_MANIFEST_BYTES && (await this.stored.prove(digest, blob)) === 'moved-aside';
    } finally {
      await blob.close();
    }
  }
}
