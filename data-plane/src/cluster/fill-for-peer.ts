import type { Digest } from '../../../common/oci/digest';
import type { Access } from '../access/access';
import type { BlobService } from '../blobs/blob-service';
import { locateForPeer, type PeerRepository } from './locate-for-peer';

/** A fill that another node requests from this node. */
export interface PeerFill extends PeerRepository {
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
 * credentials of the organization, whether it may fetch the blob. Throws NOT_READY, and the errors
 * of locateForPeer and BlobService.completeHere.
 */
export async function fillForPeer({ access, blobs }: FillForPeerParts, fill: PeerFill): Promise<void> {
  const { digest, size, urgent } = fill;
  await blobs.completeHere(locateForPeer(access, fill), { digest, size }, urgent);
}
