import type { StatBlobReply } from '../../../../proto/gen/layover/v1/StatBlobReply';
import type { StatBlobRequest__Output } from '../../../../proto/gen/layover/v1/StatBlobRequest';
import type { Addresses } from '../../access/addresses';
import type { BlobService } from '../../blobs/blob-service';
import { readDigest, readRepository } from '../read-request';

/**
 * Answers Registry.StatBlob (registry.proto). Throws NAME_INVALID, DIGEST_INVALID and the errors of
 * BlobService.stat.
 */
export async function statBlobRpc(
  addresses: Addresses,
  blobs: BlobService,
  message: StatBlobRequest__Output,
  signal: AbortSignal,
): Promise<StatBlobReply> {
  const asked = { ...readRepository(message, signal), digest: readDigest(message.digest) };
  return addresses.answer(asked, (request) => blobs.stat(request));
}
