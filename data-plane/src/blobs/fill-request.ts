import type { PullJournal } from '../journal/pull-journal';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { FillableBlob } from './blob-access';
import type { FillRequest } from './fills/fills';
import type { MissingBlobs } from './missing-blobs';

/** Dependencies of every fill request. */
export interface FillRequestParts {
  readonly upstream: UpstreamRegistry;
  readonly journal: PullJournal;
  /** Learns which blobs the upstream does not have. */
  readonly missing?: Pick<MissingBlobs, 'failed'> | undefined;
}

/**
 * Creates a request for a fill with the credentials of the organization. The fetched bytes count
 * for the organization.
 */
export function fillRequest(
  { upstream, journal, missing }: FillRequestParts,
  { target, digest, size }: FillableBlob,
  priority: FillRequest['priority'],
): FillRequest {
  const { organizationUid, repository } = target.key;
  return {
    digest,
    expectedSize: size,
    maxUnknownBytes: target.quotaBytes,
    upstream: target.upstream.origin.host,
    owner: organizationUid,
    repository,
    priority,
    source: async (offset, signal) => {
      try {
        return await upstream.openBlob(target.upstream, digest, offset, signal);
      } catch (error) {
        missing?.failed(target.key, digest, error);
        throw error;
      }
    },
    onFetched: (fetched) => journal.count({ organizationUid, fetched }),
  };
}
