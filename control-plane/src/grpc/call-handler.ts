import type { handleUnaryCall } from '@grpc/grpc-js';
import { toLayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import type { Logger } from '../../../common/runtime/logger';
import type { Metrics } from '../metrics';

/** What every call needs beside its own work. */
export interface CallParts {
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** A unary method of a gRPC service from a function: counts it, and turns what it throws into a status. */
export function unary<Request, Reply>(
  method: string,
  parts: CallParts,
  work: (request: Request) => Promise<Reply>,
): handleUnaryCall<Request, Reply> {
  return (call, callback) => {
    const done = parts.metrics.catalogSeconds.startTimer({ method });
    work(call.request).then(
      (reply) => {
        done({ outcome: 'ok' });
        callback(null, reply);
      },
      (thrown: unknown) => {
        const error = toLayoverError(thrown);
        done({ outcome: error.key });
        if (error.key === 'INTERNAL') parts.log.error({ err: thrown, method }, 'a Catalog call failed');
        callback(toGrpcFailure(error));
      },
    );
  };
}
