import { type CallOptions, type ClientUnaryCall, type ServiceError, status as Grpc } from '@grpc/grpc-js';
import { onAbort } from '../../../common/async/until-aborted';

/** A unary method of a client, bound to its request. */
export type UnaryMethod<T> = (
  options: CallOptions,
  callback: (error: ServiceError | null, reply?: T) => void,
) => ClientUnaryCall;

/**
 * Makes a unary call and returns a promise. Rejects with the ServiceError of grpc-js; the signal
 * cancels the call.
 */
export function unaryCall<T>(method: UnaryMethod<T>, timeoutMs: number, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    let stopListening = (): void => undefined;
    const call = method({ deadline: Date.now() + timeoutMs }, (error, reply) => {
      stopListening();
      if (error !== null) reject(error);
      else resolve(reply!);
    });
    stopListening = onAbort(signal, () => call.cancel());
  });
}

/** Returns whether a thrown value is the error of a failed call in grpc-js. */
export function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' && thrown.code in Grpc;
}
