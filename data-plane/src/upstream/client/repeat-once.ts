import { isLayoverError } from '../../../../common/errors/layover-error';

/**
 * Runs a request, and once more if its connection broke or timed out before the answer was complete.
 * An answer of the upstream, with any status, is never repeated, and neither is a request that was
 * aborted or found nobody who listens.
 */
export async function repeatOnce<T>(signal: AbortSignal, request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!brokeWithoutAnswer(error, signal)) throw error;
    return request();
  }
}

/** Returns whether a request ended without a complete answer of the upstream. */
export function brokeWithoutAnswer(thrown: unknown, signal: AbortSignal): boolean {
  if (signal.aborted || !isLayoverError(thrown) || thrown.upstreamStatus !== undefined) return false;
  return thrown.key === 'UPSTREAM_FAILED' || thrown.key === 'UPSTREAM_TIMEOUT';
}
