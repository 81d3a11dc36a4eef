import { mapConcurrently } from '../../../../common/async/map-concurrently';
import type { Digest } from '../../../../common/oci/digest';
import { Absence } from '../guard/absence';
import { DIGEST_CONCURRENCY, type StoredContentParts } from './storage-parts';

/**
 * The state of a blob or manifest on this node. `size` is in bytes; undefined = it is not
 * completely stored.
 */
export interface ContentState {
  readonly digest: Digest;
  readonly size: number | undefined;
  readonly inUse: boolean;
}

/**
 * Returns the state of every digest, in their order. Committed content counts as stored, synced or
 * not (ADR 8). The lookup itself is not a use. Throws STORE_FAILED if the store cannot be asked,
 * because that does not mean that a blob is missing; and CANCELLED.
 */
export function statBlobs(
  { stored, uses }: StoredContentParts,
  digests: readonly Digest[],
  signal: AbortSignal,
): Promise<ContentState[]> {
  return mapConcurrently(digests, { concurrency: DIGEST_CONCURRENCY, signal }, async (digest) => {
    const size = await stored.stat(digest);
    return { digest, size: size instanceof Absence ? undefined : size, inUse: uses.inUse(digest) };
  });
}
