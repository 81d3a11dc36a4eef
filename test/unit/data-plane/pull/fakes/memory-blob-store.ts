import type { Digest } from '../../../../../common/oci/digest';
import type { BlobIngest, BlobStore, StoredBlob } from '../../../../../data-plane/src/blob/blob-store';

/** Content in a map; only what manifests need. */
export class MemoryBlobStore implements BlobStore {
  readonly content = new Map<Digest, Buffer>();
  /** Thrown by the next puts, while set. */
  failPut: Error | undefined;

  async stat(digest: Digest): Promise<number | undefined> {
    return this.content.get(digest)?.length;
  }
  async open(): Promise<StoredBlob | undefined> {
    throw new Error('not used');
  }
  async ingest(): Promise<BlobIngest> {
    throw new Error('not used');
  }
  async put(digest: Digest, content: Buffer): Promise<void> {
    if (this.failPut) throw this.failPut;
    this.content.set(digest, content);
  }
  async get(digest: Digest): Promise<Buffer | undefined> {
    return this.content.get(digest);
  }
  async delete(digest: Digest): Promise<void> {
    this.content.delete(digest);
  }
}
