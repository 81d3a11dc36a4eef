import type { PullJournal } from '../journal/pull-journal';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { BlobAccess, BlobRight } from './blob-access';
import type { FillRequest } from './fills/fills';
import type { MissingBlobs } from './missing-blobs';

/** Dependencies of every fill request. */
export interface FillRequestParts {
  readonly blobAccess: Pick<BlobAccess, 'nowReadable' | 'confirmed'>;
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
  { blobAccess, upstream, journal, missing }: FillRequestParts,
  blob: BlobRight,
  priority: FillRequest['priority'],
): FillRequest {
  const { target, digest, size, absence, isKnown } = blob;
  const { organizationUid, repository } = target.key;
  return {
    digest,
    expectedSize: size,
    maxUnknownBytes: target.quotaBytes,
    passesOversize: !target.organization.rejectsOversize,
    // An admission finds room for what the manifest says, which is nothing without a usable size.
    checkedSize: size ?? (isKnown ? 0 : undefined),
    upstream: target.upstream.origin.host,
    owner: organizationUid,
    repository,
    identities: target.holder.identities,
    upstreamRepository: target.upstream.name,
    mayPull: target.holder.mayPull,
    absence,
    readRight: () => blobAccess.nowReadable(blob),
    priority,
    source: async (offset, signal, decode = false) => {
      try {
        const stream = await upstream.openBlob(target.upstream, digest, offset, signal, { decode });
        if (stream.isEncoded !== true) blobAccess.confirmed(blob, stream.size);
        return stream;
      } catch (error) {
        // No room is reserved for a blob that no manifest names.
        if (isKnown) missing?.failed(target.key, digest, error);
        throw error;
      }
    },
    onFetched: (fetched) => journal.count({ organizationUid, fetched }),
  };
}
