import type { Logger } from '../../../../common/runtime/logger';
import type { ManifestContents } from '../../manifests/content/manifest-contents';
import type { ContentUses } from '../uses/content-uses';
import type { GuardedBlobStore } from '../uses/guarded-blob-store';

/** What the control plane's questions about stored bytes are answered from. */
export interface StoredContentParts {
  readonly store: GuardedBlobStore;
  readonly contents: Pick<ManifestContents, 'forget'>;
  readonly uses: Pick<ContentUses, 'inUse'>;
  readonly logger: Logger;
}
