import { type Digest, newHasher } from '../../../../../common/oci/digest';

/** Hashes the bytes of one blob in the order in which they arrive. */
export interface BlobHash {
  update(chunk: Buffer): void;
  /**
   * Returns the digest of all bytes so far, as hex. More bytes may follow. If the bytes go to a
   * file, they must be in it.
   */
  hex(): Promise<string>;
}

/** Creates a hash that is computed where `update` is called. */
export function createInlineHash(digest: Digest): BlobHash {
  const hasher = newHasher(digest);
  return {
    update: (chunk) => void hasher.update(chunk),
    hex: () => Promise.resolve(hasher.copy().digest('hex')),
  };
}
