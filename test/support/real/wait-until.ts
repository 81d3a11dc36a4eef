import { setTimeout as pause } from 'node:timers/promises';

/** How often a condition is looked at where there is no event to wait for (other processes), in milliseconds. */
const POLL_MS = 25;

/**
 * Resolves with the first value of `probe` that is neither undefined nor false. For what another process does and tells
 * nobody. A probe that throws counts as "not yet". Throws an Error naming `what` after `timeoutMs`.
 */
export async function waitUntil<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 15_000,
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
      const why = lastError === undefined ? '' : `; the last try failed: ${String(lastError)}`;
      throw new Error(`${what} did not happen within ${timeoutMs} ms${why}`);
    }
    await pause(POLL_MS);
  }
}
