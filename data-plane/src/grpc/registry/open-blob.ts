import type { OpenBlobReply } from '../../../../proto/gen/layover/v1/OpenBlobReply';
import type { ReadBlobRequest__Output } from '../../../../proto/gen/layover/v1/ReadBlobRequest';
import type { Addresses } from '../../access/addresses';
import type { BlobService } from '../../blobs/blob-service';
import { readBlobRead } from './read-blob';

const USE_READ_BLOB: OpenBlobReply = { useReadBlob: true };

/**
 * Answers the call OpenBlob (registry.proto). Throws NAME_INVALID, DIGEST_INVALID, RANGE_INVALID
 * and the errors of BlobService.openWithoutBytes.
 */
export async function openBlobRpc(
  addresses: Addresses,
  blobs: BlobService,
  message: ReadBlobRequest__Output,
  signal: AbortSignal,
): Promise<OpenBlobReply> {
  if (message.counted || !message.accepts.includes('LOCAL_FILE')) return USE_READ_BLOB;
  const opened = await addresses.answer(readBlobRead(message, signal), (request) => blobs.openWithoutBytes(request));
  if (opened === undefined) return USE_READ_BLOB;
  const { kind, size, range, cacheStatus, upstreamHost, private: isPrivate } = opened;
  const header = { size, ...range, cacheStatus, upstreamHost, private: isPrivate };
  return kind === 'redirect'
    ? { header: { ...header, delivery: 'REDIRECT', url: opened.url } }
    : { header: { ...header, delivery: 'LOCAL_FILE', path: opened.path, available: size } };
}
