import type { Digest } from '../../../../common/oci/digest';
import { Absence } from '../guard/absence';
import { forEachDigest } from './for-each-digest';
import type { StoredContentParts } from './storage-parts';

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
  return forEachDigest(digests, signal, async (digest) => {
    const size = await stored.stat(digest);
    return { digest, size: size instanceof Absence ? undefined : size, inUse: uses.inUse(digest) };
  });
}
