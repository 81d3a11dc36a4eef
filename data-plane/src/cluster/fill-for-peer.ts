import { LayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { Access } from '../access/access';
import type { BlobService } from '../blobs/blob-service';

/** What another node asks to have filled here. */
export interface PeerFill {
  readonly organization: string;
  readonly organizationUid: string;
  readonly originVersion: string;
  /** Canonical. */
  readonly repository: string;
  readonly digest: Digest;
  readonly size: number;
  /** Somebody waits for it until this aborts. */
  readonly urgent?: AbortSignal | undefined;
}

/** What a fill for another node works with. */
export interface FillForPeerParts {
  readonly access: Access;
  readonly blobs: Pick<BlobService, 'completeHere'>;
}

/**
 * Brings a blob into the store because another node completes an image and this one is where clients look for it. Whether it may be pulled the other node has
 * found out; whether this organization may fetch it, its upstream is asked with its own credentials. Throws NAME_UNKNOWN where this node's configuration
 * is not the other's (one of them is behind), PROXY_DISABLED, DENIED, NOT_READY, and what BlobService.completeHere throws.
 */
export async function fillForPeer({ access, blobs }: FillForPeerParts, fill: PeerFill): Promise<void> {
  const { organization, organizationUid, originVersion, repository, digest, size, urgent } = fill;
  const target = access.internal(access.locate({ kind: 'organization', name: organization }, repository));
  if (target.key.organizationUid !== organizationUid || target.key.originVersion !== originVersion)
    throw new LayoverError('NAME_UNKNOWN', {
      message: `organization "${organization}" is configured differently on this node at the moment`,
    });
  await blobs.completeHere(target, { digest, size }, urgent);
}
