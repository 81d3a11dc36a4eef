import { isLayoverError } from '../../../../common/errors/layover-error';
import { errorCode } from './error-code';

/** Time-outs of an upstream that accepted the connection. */
const SILENCE: readonly string[] = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];

/** Sends a request and reads its answer. Calls `answered` when the answer has begun. */
export type AnsweredRequest<T> = (answered: () => void) => Promise<T>;

/**
 * Runs a request, and once more if the connection broke in the middle of the answer. Before that,
 * the HTTP client repeats the request itself. An answer with any status is never repeated, and
 * neither is a request that was aborted, or for which no connection could be made.
 */
export function repeatIfCut<T>(signal: AbortSignal, request: AnsweredRequest<T>): Promise<T> {
  return repeatIf(request, (error, isAnswered) => isAnswered && isBroken(error, signal));
}

/** Runs a request like {@link repeatIfCut}, and also once more if the upstream fell silent. */
export function repeatOnce<T>(signal: AbortSignal, request: AnsweredRequest<T>): Promise<T> {
  return repeatIf(request, (error, isAnswered) => (isAnswered && isBroken(error, signal)) || isSilence(error, signal));
}

async function repeatIf<T>(
  request: AnsweredRequest<T>,
  isRepeated: (error: unknown, isAnswered: boolean) => boolean,
): Promise<T> {
  let isAnswered = false;
  const answered = (): void => {
    isAnswered = true;
  };
  try {
    return await request(answered);
  } catch (error) {
    if (!isRepeated(error, isAnswered)) throw error;
    return request(answered);
  }
}

/** Returns whether a connection broke before the answer was complete. */
export function isBroken(thrown: unknown, signal: AbortSignal): boolean {
  if (signal.aborted || !isLayoverError(thrown)) return false;
  return thrown.key === 'UPSTREAM_FAILED' && thrown.upstreamStatus === undefined;
}

/** Returns whether an upstream that accepted the connection did not answer in time. */
export function isSilence(thrown: unknown, signal: AbortSignal): boolean {
  if (signal.aborted || !isLayoverError(thrown)) return false;
  return thrown.key === 'UPSTREAM_TIMEOUT' && SILENCE.includes(errorCode(thrown.cause));
}
