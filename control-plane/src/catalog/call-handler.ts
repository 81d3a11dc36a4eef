import type { handleUnaryCall } from '@grpc/grpc-js';
import { LayoverError, toLayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import { requestIdOf } from '../../../common/grpc/observe-calls';
import type { Logger } from '../../../common/runtime/logger';
import { whyUnavailable } from '../db/database-error';

/** The metrics of the Catalog service. */
export interface CatalogMetrics {
  /** Starts timing a call. The returned function ends it, with `ok` or the key of the error. */
  startCatalogCall(method: string): (outcome: string) => void;
  /** Counts new pull records. */
  recorded(count: number): void;
}

/** The dependencies of every call. */
export interface CallParts {
  readonly metrics: CatalogMetrics;
  readonly log: Logger;
}

/**
 * Returns a unary gRPC method that runs `work`, counts the call and converts thrown errors to a
 * gRPC status.
 */
export function catalogCall<Request, Reply>(
  method: string,
  parts: CallParts,
  work: (request: Request) => Promise<Reply>,
): handleUnaryCall<Request, Reply> {
  return (call, callback) => {
    const done = parts.metrics.startCatalogCall(method);
    work(call.request).then(
      (reply) => {
        done('ok');
        callback(null, reply);
      },
      (thrown: unknown) => {
        const reason = whyUnavailable(thrown);
        const error =
          reason === undefined
            ? toLayoverError(thrown)
            : new LayoverError('NOT_READY', { message: reason, cause: thrown });
        done(error.key);
        if (error.key === 'INTERNAL')
          parts.log.error({ err: thrown, method, requestId: requestIdOf(call.request) }, 'A Catalog call failed');
        callback(toGrpcFailure(error));
      },
    );
  };
}
