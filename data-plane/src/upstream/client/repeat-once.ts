import { isLayoverError } from '../../../../common/errors/layover-error';
import { errorCode } from '../http/error-code';

/** Time-outs of an upstream that accepted the connection. */
const SILENCE: readonly string[] = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'];

/**
 * Runs a request, and once more if its connection broke or the upstream fell silent before the
 * answer was complete. An answer with any status is never repeated, and neither is a request that
 * was aborted, or for which no connection could be made.
 */
export async function repeatOnce<T>(signal: AbortSignal, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!isBroken(error, signal) && !isSilence(error, signal)) throw error;
    return request();
  }
}

/** Returns whether a connection broke before the answer was complete. */
export function isBroken(thrown: unknown, signal: AbortSignal): boolean {
  if (signal.aborted || !isLayoverError(thrown)) return false;
  return thrown.key === 'UPSTREAM_FAILED' && thrown.upstreamStatus === undefined;
}

function isSilence(thrown: unknown, signal: AbortSignal): boolean {
  if (signal.aborted || !isLayoverError(thrown)) return false;
  return thrown.key === 'UPSTREAM_TIMEOUT' && SILENCE.includes(errorCode(thrown.cause));
}
