import { LayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { Access } from '../access/access';
import type { BlobService } from '../blobs/blob-service';

/** A fill that another node requests from this node. */
export interface PeerFill {
  readonly organization: string;
  readonly organizationUid: string;
  readonly originVersion: string;
  /** Canonical name. */
  readonly repository: string;
  readonly digest: Digest;
  readonly size: number;
  /** A client waits for the blob until this signal aborts. */
  readonly urgent?: AbortSignal | undefined;
}

/** Dependencies of fillForPeer. */
export interface FillForPeerParts {
  readonly access: Access;
  readonly blobs: Pick<BlobService, 'completeHere'>;
}

/**
 * Brings a blob into the store because another node completes an image and clients look for this
 * blob here. The other node has checked the right to pull. The upstream checks, with the
 * credentials of the organization, whether it may fetch the blob. Throws NAME_UNKNOWN if the
 * configurations of the two nodes differ (one of them is behind), PROXY_DISABLED, DENIED,
 * NOT_READY, and the errors of BlobService.completeHere.
 */
export async function fillForPeer({ access, blobs }: FillForPeerParts, fill: PeerFill): Promise<void> {
  const { organization, organizationUid, originVersion, repository, digest, size, urgent } = fill;
  const target = access.internal(access.locate({ kind: 'organization', name: organization }, repository));
  if (target.key.organizationUid !== organizationUid || target.key.originVersion !== originVersion)
    throw new LayoverError('NAME_UNKNOWN', {
      message: `Organization "${organization}" is currently configured differently on this node. Retry when both nodes have the same configuration.`,
    });
  await blobs.completeHere(target, { digest, size }, urgent);
}
