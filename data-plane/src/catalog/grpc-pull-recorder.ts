import { status as Grpc } from '@grpc/grpc-js';
import { LayoverError } from '../../../common/errors/layover-error';
import { fromGrpcError } from '../../../common/grpc/error-status';
import { loadCatalog } from '../../../common/grpc/load-proto';
import type { RecordPullsReply__Output } from '../../../proto/gen/layover/v1/RecordPullsReply';
import type { PullRecordReceiver } from '../journal/pull-recorder';
import type { CatalogClient } from './catalog-client';
import { isServiceError, unaryCall } from './unary-call';

/**
 * Statuses of records that the control plane will never accept, even if they are sent again.
 * RESOURCE_EXHAUSTED means that the message is too large.
 */
const REFUSALS: readonly Grpc[] = [Grpc.INVALID_ARGUMENT, Grpc.OUT_OF_RANGE, Grpc.RESOURCE_EXHAUSTED];

/** Timeout for writing a batch, in milliseconds. */
const RECORD_TIMEOUT_MS = 15_000;

/**
 * Returns a {@link PullRecordReceiver} that calls Catalog.RecordPulls. The records are sent as they
 * are: their bytes, one after the other, are the request (see createGrpcRecordCodec).
 */
export function createGrpcPullRecorder(client: CatalogClient, timeoutMs = RECORD_TIMEOUT_MS): PullRecordReceiver {
  const { path, responseDeserialize } = loadCatalog().service.RecordPulls;
  return {
    async record(records: readonly Buffer[], signal: AbortSignal): Promise<void> {
      const request = Buffer.concat(records);
      try {
        await unaryCall<RecordPullsReply__Output>(
          (options, callback) =>
            client.makeUnaryRequest(path, (bytes: Buffer) => bytes, responseDeserialize, request, options, callback),
          timeoutMs,
          signal,
        );
      } catch (error) {
        if (!isServiceError(error)) throw error;
        if (REFUSALS.includes(error.code)) {
          throw new LayoverError('REQUEST_INVALID', { message: error.details, cause: error });
        }
        throw fromGrpcError(error, 'NOT_READY');
      }
    },
  };
}
