import { status as Grpc } from '@grpc/grpc-js';
import { LayoverError } from '../../../common/errors/layover-error';
import { fromGrpcError } from '../../../common/grpc/error-status';
import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';
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

/** Returns a {@link PullRecordReceiver} that calls Catalog.RecordPulls. */
export function createGrpcPullRecorder(client: CatalogClient, timeoutMs = RECORD_TIMEOUT_MS): PullRecordReceiver {
  return {
    async record(records: readonly PullRecord[], signal: AbortSignal): Promise<void> {
      const request = { records: [...records] };
      try {
        await unaryCall<RecordPullsReply__Output>(
          (options, callback) => client.recordPulls(request, options, callback),
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
