import { algorithmOf, type Digest, digestOf } from '../../../../common/oci/digest';
import type { BlobIngest, BlobPage, BlobStore, StoredBlob } from '../../../../data-plane/src/store/blob-store';

/** A blob store in a map; tests add blobs directly. */
export class MemoryBlobStore implements BlobStore {
  readonly content = new Map<Digest, Buffer>();
  /** The quarantined content, in order. */
  readonly aside: Buffer[] = [];
  /** While set, `put` throws it. */
  failPut: Error | undefined;
  private readonly opened = new WeakMap<StoredBlob, Buffer>();

  async stat(digest: Digest): Promise<number | undefined> {
    return this.content.get(digest)?.length;
  }
  async open(digest: Digest): Promise<StoredBlob | undefined> {
    const content = this.content.get(digest);
    if (content === undefined) return undefined;
    const blob: StoredBlob = {
      size: content.length,
      localPath: undefined,
      async *read(offset, length) {
        yield content.subarray(offset, offset + length);
      },
      close: async () => undefined,
    };
    this.opened.set(blob, content);
    return blob;
  }
  async ingest(): Promise<BlobIngest> {
    throw new Error('not used');
  }
  async put(digest: Digest, content: Buffer): Promise<void> {
    if (this.failPut) throw this.failPut;
    this.content.set(digest, content);
  }
  /** Like every store, treats bytes with another digest as absent. */
  async get(digest: Digest): Promise<Buffer | undefined> {
    const content = this.content.get(digest);
    if (content === undefined || digestOf(content, algorithmOf(digest)) === digest) return content;
    this.content.delete(digest);
    return undefined;
  }
  async delete(digest: Digest): Promise<void> {
    this.content.delete(digest);
  }
  async list(after: string, limit: number): Promise<BlobPage> {
    const digests = [...this.content.keys()].filter((digest) => digest > after).sort();
    const blobs = digests.slice(0, limit).map((digest) => ({ digest, size: this.content.get(digest)!.length }));
    return { blobs, more: digests.length > limit };
  }
  async quarantine(digest: Digest, blob: StoredBlob): Promise<boolean> {
    const content = this.content.get(digest);
    if (content === undefined || content !== this.opened.get(blob)) return false;
    this.content.delete(digest);
    this.aside.push(content);
    return true;
  }
}
