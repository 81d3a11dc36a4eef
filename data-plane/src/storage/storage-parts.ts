import type { Logger } from '../../../common/runtime/logger';
import type { ManifestContents } from '../manifest/manifest-contents';
import type { ContentUses } from '../uses/content-uses';
import type { GuardedBlobStore } from './guarded-blob-store';

/** What the control plane's questions about stored bytes are answered from. */
export interface StoredContentParts {
  readonly store: GuardedBlobStore;
  readonly contents: Pick<ManifestContents, 'forget'>;
  readonly uses: Pick<ContentUses, 'inUse'>;
  readonly logger: Logger;
}
