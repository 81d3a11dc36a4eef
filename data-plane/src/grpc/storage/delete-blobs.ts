import type { DeleteBlobsReply } from '../../../../proto/gen/layover/v1/DeleteBlobsReply';
import type { DeleteBlobsRequest__Output } from '../../../../proto/gen/layover/v1/DeleteBlobsRequest';
import { deleteBlobs } from '../../store/maintenance/delete-blobs';
import type { StoredContentParts } from '../../store/maintenance/storage-parts';
import { readDigests } from '../read-request';

const OUTCOMES = { deleted: 'DELETED', absent: 'ABSENT', 'in-use': 'IN_USE', failed: 'FAILED' } as const;

/**
 * Answers Storage.DeleteBlobs (storage.proto). Throws REQUEST_INVALID, and CANCELLED, after which
 * some blobs may be deleted.
 */
export async function deleteBlobsRpc(
  parts: StoredContentParts,
  message: DeleteBlobsRequest__Output,
  signal: AbortSignal,
): Promise<DeleteBlobsReply> {
  const deleted = await deleteBlobs(parts, readDigests(message.digests), signal);
  return { blobs: deleted.map(({ digest, outcome }) => ({ digest, outcome: OUTCOMES[outcome] })) };
}
