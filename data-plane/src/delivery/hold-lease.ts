import type { Clock } from '../../../common/runtime/clock';

/** Milliseconds that a caller has to open a file that it was named; nobody needs a name longer than that. */
export const LEASE_MS = 60_000;

/** Resolves when the caller is gone, or after `leaseMs`. */
export function holdLease(clock: Clock, signal: AbortSignal, leaseMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const over = (): void => {
      cancel();
      signal.removeEventListener('abort', over);
      resolve();
    };
    const cancel = clock.after(leaseMs, over);
    signal.addEventListener('abort', over, { once: true });
  });
}
