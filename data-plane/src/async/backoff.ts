/** How long to wait between tries, in milliseconds. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Delay before try number `failures` + 1: doubles from `firstMs` up to `maxMs`, and is then shortened by up to a quarter at
 * random, so that data planes that lost the same control plane don't come back all at once.
 */
export function backoffDelay({ firstMs, maxMs }: Backoff, failures: number, random = Math.random): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(full * (1 - random() / 4));
}
