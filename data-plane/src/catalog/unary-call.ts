import { type CallOptions, type ClientUnaryCall, type ServiceError, status as Grpc } from '@grpc/grpc-js';
import { onAbort } from '../../../common/async/until-aborted';

/** One unary method of a client, bound to its request. */
export type UnaryMethod<T> = (
  options: CallOptions,
  callback: (error: ServiceError | null, reply?: T) => void,
) => ClientUnaryCall;

/** The call as a promise. Rejects with the ServiceError of grpc-js; the signal cancels. */
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

/** Whether a thrown thing is what grpc-js gives for a failed call. */
export function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'number' && thrown.code in Grpc;
}
