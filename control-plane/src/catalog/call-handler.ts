import type { handleUnaryCall } from '@grpc/grpc-js';
import { LayoverError, toLayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import { requestIdOf } from '../../../common/grpc/observe-calls';
import type { Logger } from '../../../common/runtime/logger';
import { whyUnavailable } from '../db/database-error';

/** What is counted about the Catalog service. */
export interface CatalogMetrics {
  /** Starts to time a call; the function returned ends that, with `ok` or the key of the error. */
  startCatalogCall(method: string): (outcome: string) => void;
  /** Counts pull records that are new. */
  recorded(count: number): void;
}

/** What every call needs beside its own work. */
export interface CallParts {
  readonly metrics: CatalogMetrics;
  readonly log: Logger;
}

/** A unary method of a gRPC service from a function: counts it, and turns what it throws into a status. */
export function unary<Request, Reply>(
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
          parts.log.error({ err: thrown, method, requestId: requestIdOf(call.request) }, 'a Catalog call failed');
        callback(toGrpcFailure(error));
      },
    );
  };
}
