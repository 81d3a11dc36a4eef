import type { StatBlobReply } from '../../../../proto/gen/layover/v1/StatBlobReply';
import type { StatBlobRequest__Output } from '../../../../proto/gen/layover/v1/StatBlobRequest';
import type { BlobService } from '../../blobs/blob-service';
import { readDigest, readRepository } from '../read-request';

/**
 * Answers Registry.StatBlob (registry.proto). Throws NAME_INVALID, DIGEST_INVALID and the errors of
 * BlobService.stat.
 */
export async function statBlobRpc(
  blobs: BlobService,
  message: StatBlobRequest__Output,
  signal: AbortSignal,
): Promise<StatBlobReply> {
  return blobs.stat({ ...readRepository(message, signal), digest: readDigest(message.digest) });
}
