import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { VerifyBlobsReply } from '../../../../proto/gen/layover/v1/VerifyBlobsReply';
import type { VerifyBlobsRequest__Output } from '../../../../proto/gen/layover/v1/VerifyBlobsRequest';
import type { StoredContentParts } from '../../store/maintenance/storage-parts';
import { verifyBlobs } from '../../store/maintenance/verify-blobs';
import { readDigests } from '../read-request';
import { sendStream } from '../send-stream';
import { logFailure } from '../unary';

const OUTCOMES = { whole: 'WHOLE', missing: 'MISSING', damaged: 'DAMAGED', unreadable: 'UNREADABLE' } as const;

/**
 * Returns the handler of Storage.VerifyBlobs (storage.proto). It fails with REQUEST_INVALID. It
 * reads at the pace of the caller and ends when the caller leaves.
 */
export function verifyBlobsRpc(
  parts: StoredContentParts,
  clock: Clock,
  logger: Logger,
): handleServerStreamingCall<VerifyBlobsRequest__Output, VerifyBlobsReply> {
  return (call) => {
    void sendStream(call, (signal) => messages(parts, call.request, signal), {
      clock,
      onFailure: (error) => logFailure(logger, 'VerifyBlobs', error, ''),
    });
  };
}

async function* messages(
  parts: StoredContentParts,
  { digests, quarantine }: VerifyBlobsRequest__Output,
  signal: AbortSignal,
): AsyncGenerator<VerifyBlobsReply, void, undefined> {
  for await (const { digest, outcome, size } of verifyBlobs(parts, readDigests(digests), quarantine, signal)) {
    yield { digest, outcome: OUTCOMES[outcome], size };
  }
}
