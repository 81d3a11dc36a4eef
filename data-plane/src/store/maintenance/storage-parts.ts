import type { Logger } from '../../../../common/runtime/logger';
import type { ContentUses } from '../uses/content-uses';
import type { StoredBlobs } from '../guard/stored-blobs';

/**
 * Number of blobs that one call checks or deletes at a time. Node has few threads for files, and
 * clients need them too.
 */
export const DIGEST_CONCURRENCY = 2;

/** Dependencies of the calls with which the control plane manages stored content. */
export interface StoredContentParts {
  readonly stored: StoredBlobs;
  readonly uses: Pick<ContentUses, 'inUse'>;
  readonly logger: Logger;
}
