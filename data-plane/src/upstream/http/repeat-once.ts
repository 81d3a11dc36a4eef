import { isLayoverError } from '../../../../common/errors/layover-error';
import { errorCode } from './error-code';

/** Time-outs of an upstream that accepted the connection. */
const SILENCE: readonly string[] = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];

/** Sends a request and reads its answer. Calls `answered` when the answer has begun. */
export type AnsweredRequest<T> = (answered: () => void) => Promise<T>;

/**
 * Runs a request, and once more if the connection broke in the middle of the answer, or if the
 * upstream fell silent: a connection that was kept may have gone silent long before. If it broke
 * before the answer, the HTTP client repeats the request itself. An answer with any status is never
 * repeated, and neither is a request that was aborted, or for which no connection could be made.
 */
export async function repeatOnce<T>(signal: AbortSignal, request: AnsweredRequest<T>): Promise<T> {
  let isAnswered = false;
  const answered = (): void => {
    isAnswered = true;
  };
  try {
    return await request(answered);
  } catch (error) {
    if (!(isAnswered && isBroken(error, signal)) && !isSilence(error, signal)) throw error;
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
