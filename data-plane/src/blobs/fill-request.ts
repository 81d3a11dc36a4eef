import type { PullJournal } from '../journal/pull-journal';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { BlobAccess, BlobRight } from './blob-access';
import type { FillRequest } from './fills/fills';

/** Dependencies of every fill request. */
export interface FillRequestParts {
  readonly blobAccess: Pick<BlobAccess, 'nowReadable'>;
  readonly upstream: UpstreamRegistry;
  readonly journal: PullJournal;
}

/**
 * Creates a request for a fill with the credentials of the organization. The fetched bytes count
 * for the organization.
 */
export function fillRequest(
  { blobAccess, upstream, journal }: FillRequestParts,
  blob: BlobRight,
  priority: FillRequest['priority'],
): FillRequest {
  const { target, digest, size, absence } = blob;
  const { organizationUid, repository } = target.key;
  return {
    digest,
    expectedSize: size,
    upstream: target.upstream.origin.host,
    owner: organizationUid,
    repository,
    identities: target.holder.identities,
    upstreamRepository: target.upstream.name,
    mayPull: target.holder.mayPull,
    absence,
    readRight: () => blobAccess.nowReadable(blob),
    priority,
    source: (offset, signal) => upstream.openBlob(target.upstream, digest, offset, signal),
    onFetched: (fetched) => journal.count({ organizationUid, fetched }),
  };
}
