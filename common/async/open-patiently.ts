import { setTimeout } from 'node:timers/promises';
import type { Backoff } from './backoff';
import { retry } from './retry';

/** Errors of a process, or a system, that has too many files and sockets open. */
const TOO_MANY = new Set<unknown>(['EMFILE', 'ENFILE']);
/** About ten seconds in all. Most descriptors are needed for milliseconds. */
const ATTEMPTS = 25;
const BACKOFF: Backoff = { firstMs: 10, maxMs: 500, jitter: 0.5 };

/** Returns whether a file or socket could not be opened because too many are open. */
export function isTooManyFiles(error: unknown): boolean {
  return TOO_MANY.has((error as { readonly code?: unknown } | null | undefined)?.code);
}

/**
 * Opens a file or a socket, and tries again for about ten seconds while too many are open. Rejects
 * with the last error. `isShort` says whether an error means that.
 */
export function openPatiently<T>(
  open: () => Promise<T>,
  isShort: (error: unknown) => boolean = isTooManyFiles,
  wait: (ms: number) => Promise<unknown> = (ms) => setTimeout(ms),
): Promise<T> {
  return retry({ attempts: ATTEMPTS, backoff: BACKOFF, isRetryable: isShort, wait }, open);
}
