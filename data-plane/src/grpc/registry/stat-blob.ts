import type { StatBlobReply } from '../../../../proto/gen/layover/v1/StatBlobReply';
import type { StatBlobRequest__Output } from '../../../../proto/gen/layover/v1/StatBlobRequest';
import type { BlobService } from '../../blobs/blob-service';
import { readDigest, readRepository } from '../read-request';

/** Registry.StatBlob: see registry.proto. Throws NAME_INVALID, DIGEST_INVALID and what BlobService.stat throws. */
export async function statBlobRpc(
  blobs: BlobService,
  message: StatBlobRequest__Output,
  signal: AbortSignal,
): Promise<StatBlobReply> {
  return blobs.stat({ ...readRepository(message, signal), digest: readDigest(message.digest) });
}
