import type { Logger } from '../../../../common/runtime/logger';
import type { ContentUses } from '../uses/content-uses';
import type { StoredBlobs } from '../guard/stored-blobs';

/** What the control plane's questions about stored bytes are answered from. */
export interface StoredContentParts {
  readonly stored: StoredBlobs;
  readonly uses: Pick<ContentUses, 'inUse'>;
  readonly logger: Logger;
}
