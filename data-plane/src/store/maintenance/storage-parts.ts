import type { Digest } from '../../../../common/oci/digest';
import type { Logger } from '../../../../common/runtime/logger';
import type { ContentUses } from '../uses/content-uses';
import type { GuardedBlobStore } from '../guard/guarded-blob-store';

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
