import type { StatBlobsReply } from '../../../../proto/gen/layover/v1/StatBlobsReply';
import type { StatBlobsRequest__Output } from '../../../../proto/gen/layover/v1/StatBlobsRequest';
import { statBlobs } from '../../store/maintenance/stat-blobs';
import type { StoredContentParts } from '../../store/maintenance/storage-parts';
import { readDigests } from '../read-request';

/** Answers Storage.StatBlobs (storage.proto). Throws REQUEST_INVALID, STORE_FAILED, CANCELLED. */
export async function statBlobsRpc(
  parts: StoredContentParts,
  message: StatBlobsRequest__Output,
  signal: AbortSignal,
): Promise<StatBlobsReply> {
  const states = await statBlobs(parts, readDigests(message.digests), signal);
  return { blobs: states.map(({ digest, size = -1, inUse }) => ({ digest, size, inUse })) };
}
