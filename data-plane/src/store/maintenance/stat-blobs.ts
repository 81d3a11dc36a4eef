import { mapConcurrently } from '../../../../common/async/map-concurrently';
import type { Digest } from '../../../../common/oci/digest';
import { Absence } from '../guard/absence';
import { DIGESTS_AT_ONCE, type StoredContentParts } from './storage-parts';

/** What a node knows of a blob or manifest. `size` in bytes; undefined = it is not there whole. */
export interface ContentState {
  readonly digest: Digest;
  readonly size: number | undefined;
  readonly inUse: boolean;
}

/**
 * The state of every digest, in their order. What was committed is there, synced or not (ADR 8). Looking is no use.
 * Throws STORE_FAILED, because a blob that can't be looked at is not "not there"; CANCELLED.
 */
export function statBlobs(
  { stored, uses }: StoredContentParts,
  digests: readonly Digest[],
  signal: AbortSignal,
): Promise<ContentState[]> {
  return mapConcurrently(digests, { concurrency: DIGESTS_AT_ONCE, signal }, async (digest) => {
    const size = await stored.stat(digest);
    return { digest, size: size instanceof Absence ? undefined : size, inUse: uses.inUse(digest) };
  });
}
