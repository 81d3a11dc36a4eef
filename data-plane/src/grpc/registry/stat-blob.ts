import type { StatBlobReply } from '../../../../proto/gen/layover/v1/StatBlobReply';
import type { StatBlobRequest__Output } from '../../../../proto/gen/layover/v1/StatBlobRequest';
import { type BlobParts, statBlob } from '../../blobs/stat-blob';
import { readDigest, readRepository } from '../read-request';

/** Registry.StatBlob: see registry.proto. Throws NAME_INVALID, DIGEST_INVALID and what statBlob throws. */
export async function statBlobRpc(
  parts: BlobParts,
  message: StatBlobRequest__Output,
  signal: AbortSignal,
): Promise<StatBlobReply> {
  return statBlob(parts, { ...readRepository(message, signal), digest: readDigest(message.digest) });
}
