/** How the delay between attempts grows. */
export interface Backoff {
  /** Milliseconds after the first failure. */
  readonly firstMs: number;
  /** Upper limit in milliseconds. */
  readonly maxMs: number;
  /**
   * Share of a delay, 0 to 1, by which it may be shortened at random, so that callers that failed
   * together do not come back together. Default: 0.
   */
  readonly jitter?: number;
}

/** Keeps 2 ** n finite for callers that fail for weeks. */
const MAX_DOUBLINGS = 30;

/**
 * Returns the milliseconds to wait after `failures` failures in a row (1 or more): exponential
 * backoff that doubles from `firstMs` up to `maxMs`. `random` returns 0 ≤ x < 1.
 */
export function backoffDelay(
  { firstMs, maxMs, jitter = 0 }: Backoff,
  failures: number,
  random: () => number = Math.random,
): number {
  const doublings = Math.min(MAX_DOUBLINGS, Math.max(0, failures - 1));
  const full = Math.min(maxMs, firstMs * 2 ** doublings);
  return jitter === 0 ? full : full * (1 - random() * jitter);
}
