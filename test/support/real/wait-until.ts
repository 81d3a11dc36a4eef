import { setTimeout as pause } from 'node:timers/promises';

/** Time between two polls, in milliseconds. */
const POLL_MS = 25;

/**
 * Polls `probe` until it returns a value that is neither undefined nor false, and returns that
 * value. For conditions without an event, for example in another process. A probe that throws
 * counts as "not yet". Throws an Error that names `what` after `timeoutMs`.
 */
export async function waitUntil<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 15_000,
  pollMs = POLL_MS,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() > deadline) {
      const why = lastError === undefined ? '' : `; the last attempt failed: ${String(lastError)}`;
      throw new Error(`Timed out waiting for ${what} after ${timeoutMs} ms${why}`);
    }
    await pause(pollMs);
  }
}
