import type { Digest } from '../../../../common/oci/digest';
import type { Logger } from '../../../../common/runtime/logger';
import type { ContentUses } from '../uses/content-uses';
import type { GuardedBlobStore } from '../uses/guarded-blob-store';

/**
 * Blobs of one call that are looked at or deleted at a time: Node has few threads for files, and
 * clients need them too.
 */
export const DIGESTS_AT_ONCE = 2;

/** A cache above the store. It must not serve content that the store has lost or is about to delete. */
export interface ContentCache {
  forget(digest: Digest): void;
}

/** What the control plane's questions about stored bytes are answered from. */
export interface StoredContentParts {
  readonly store: GuardedBlobStore;
  readonly contents: ContentCache;
  readonly uses: Pick<ContentUses, 'inUse'>;
  readonly logger: Logger;
}
