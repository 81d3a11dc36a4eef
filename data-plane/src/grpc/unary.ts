import type { handleUnaryCall } from '@grpc/grpc-js';
import { ERROR_CATALOGUE } from '../../../common/errors/catalogue';
import { isLayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import { requestIdOf } from '../../../common/grpc/observe-calls';
import type { Logger } from '../../../common/runtime/logger';

/**
 * Wraps a function as a unary gRPC method. Its signal aborts when the caller leaves or its deadline
 * passes. grpc-js emits `cancelled` also after a successful end (grpc/grpc-node issue 2771); then
 * nothing is left to abort.
 */
export function unary<Request, Reply>(
  name: string,
  logger: Logger,
  run: (request: Request, signal: AbortSignal) => Promise<Reply>,
): handleUnaryCall<Request, Reply> {
  return (call, callback) => {
    const controller = new AbortController();
    let answered = false;
    call.on('cancelled', () => {
      if (!answered) controller.abort();
    });
    run(call.request, controller.signal).then(
      (reply) => {
        answered = true;
        callback(null, reply);
      },
      (thrown: unknown) => {
        answered = true;
        logFailure(logger, name, thrown, requestIdOf(call.request));
        callback(toGrpcFailure(thrown));
      },
    );
  };
}

/**
 * Logs a failed call: bugs as errors with all details, server-side failures as warnings, and
 * expected failures at debug level.
 */
export function logFailure(logger: Logger, rpc: string, thrown: unknown, requestId: string): void {
  if (!isLayoverError(thrown) || thrown.key === 'INTERNAL') {
    logger.error({ err: thrown, rpc, requestId }, 'A gRPC call failed unexpectedly');
  } else if (ERROR_CATALOGUE[thrown.key].http >= 500) {
    logger.warn(
      { rpc, requestId, key: thrown.key, message: thrown.message, cause: causeOf(thrown) },
      'A gRPC call failed',
    );
  } else {
    logger.debug({ rpc, requestId, key: thrown.key, message: thrown.message }, 'A gRPC call was refused');
  }
}

function causeOf(error: Error): string | undefined {
  return error.cause instanceof Error ? error.cause.message : undefined;
}
