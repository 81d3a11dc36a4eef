import { mapConcurrently } from '../../../../common/async/map-concurrently';
import type { Digest } from '../../../../common/oci/digest';
import type { Deletion } from '../guard/guarded-blob-store';
import { DIGESTS_AT_ONCE, type StoredContentParts } from './storage-parts';

/** What became of a digest; `failed` = the store failed, and it may be there still. */
export interface DeletedContent {
  readonly digest: Digest;
  readonly outcome: Deletion | 'failed';
}

/**
 * Deletes what is not in use, each by itself: one that fails keeps no other. From memory too, so that a manifest is not served which a restart
 * would lose. Results in the order of the digests. Throws CANCELLED, when some may be deleted.
 */
export function deleteBlobs(
  { stored, logger }: StoredContentParts,
  digests: readonly Digest[],
  signal: AbortSignal,
): Promise<DeletedContent[]> {
  return mapConcurrently(digests, { concurrency: DIGESTS_AT_ONCE, signal }, async (digest) => {
    try {
      return { digest, outcome: await stored.deleteUnused(digest) };
    } catch (error) {
      logger.warn({ err: error, digest }, 'content could not be deleted');
      return { digest, outcome: 'failed' };
    }
  });
}
