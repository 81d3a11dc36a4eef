import { type Digest, hexOf, newHasher } from '../../../common/oci/digest';
import type { StoredBlob } from './blob-store';

/**
 * Returns whether the bytes of an open blob have the digest. Reads the whole blob in chunks and
 * yields to other work between them. `onRead` receives the number of bytes of every chunk. Throws
 * STORE_FAILED if the blob cannot be read, CANCELLED if the signal aborts.
 */
export async function hasDigest(
  blob: StoredBlob,
  digest: Digest,
  signal?: AbortSignal,
  onRead?: (bytes: number) => void,
): Promise<boolean> {
  const hasher = newHasher(digest);
  for await (const chunk of blob.read(0, blob.size, signal)) {
    hasher.update(chunk);
    onRead?.(chunk.length);
  }
  return hasher.digest('hex') === hexOf(digest);
}
