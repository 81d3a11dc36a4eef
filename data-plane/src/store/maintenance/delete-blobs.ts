import { mapConcurrently } from '../../../../common/async/map-concurrently';
import type { Digest } from '../../../../common/oci/digest';
import type { BlobDeletion } from '../guard/guarded-blob-store';
import { DIGEST_CONCURRENCY, type StoredContentParts } from './storage-parts';

/** The outcome for one digest. `failed` = the store failed, and the content may still exist. */
export interface DeletedContent {
  readonly digest: Digest;
  readonly outcome: BlobDeletion | 'failed';
}

/**
 * Deletes content that is not in use. Digests are independent: the failure of one does not affect
 * the others. Content in memory is dropped too, so that no manifest is served that would be missing
 * after a restart. Returns results in the order of the digests. Throws CANCELLED, after which some
 * content may be deleted.
 */
export function deleteBlobs(
  { stored, logger }: StoredContentParts,
  digests: readonly Digest[],
  signal: AbortSignal,
): Promise<DeletedContent[]> {
  return mapConcurrently(digests, { concurrency: DIGEST_CONCURRENCY, signal }, async (digest) => {
    try {
      return { digest, outcome: await stored.deleteUnused(digest) };
    } catch (error) {
      logger.warn({ err: error, digest }, 'Deleting content failed');
      return { digest, outcome: 'failed' };
    }
  });
}
