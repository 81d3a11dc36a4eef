import type { Logger } from '../../../../common/runtime/logger';
import type { ContentUses } from '../uses/content-uses';
import type { StoredBlobs } from '../guard/stored-blobs';

/**
 * Blobs of one call that are looked at or deleted at a time: Node has few threads for files, and
 * clients need them too.
 */
export const DIGESTS_AT_ONCE = 2;

/** What the control plane's questions about stored bytes are answered from. */
export interface StoredContentParts {
  readonly stored: StoredBlobs;
  readonly uses: Pick<ContentUses, 'inUse'>;
  readonly logger: Logger;
}
