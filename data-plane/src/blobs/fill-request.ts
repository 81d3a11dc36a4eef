import type { PullTarget } from '../access/pull-target';
import type { FillRequest } from './fills/fills';
import type { PullJournal } from '../journal/pull-journal';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { AllowedBlob } from './blob-access';

/** The fill of a blob with this organization's credentials, from its repository; its bytes are counted for the organization. */
export function fillRequest(
  upstream: UpstreamRegistry,
  journal: PullJournal,
  target: PullTarget,
  blob: AllowedBlob,
  priority: FillRequest['priority'],
): FillRequest {
  const { organizationUid } = target.key;
  return {
    digest: blob.digest,
    expectedSize: blob.size,
    upstream: target.upstream.origin.host,
    owner: organizationUid,
    priority,
    source: (offset, signal) => upstream.openBlob(target.upstream, blob.digest, offset, signal),
    onFetched: (fetched) => journal.count({ organizationUid, fetched }),
  };
}
