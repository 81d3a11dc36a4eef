import { type Digest, hexOf, newHasher } from '../../../common/oci/digest';
import type { StoredBlob } from './blob-store';

/**
 * Whether the bytes of an open blob have the digest. Reads all of it, a chunk at a time, and lets others run between two chunks; `onRead` is told
 * of every chunk's bytes. Throws STORE_FAILED when it can't be read, CANCELLED when the signal aborts.
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
