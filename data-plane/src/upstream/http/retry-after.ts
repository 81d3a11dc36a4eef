import type { ResponseHeaders } from './response-headers';

/** Upper limit of a wait, so that a wrong header does not block an upstream for days. */
export const MAX_RETRY_AFTER_MS = 3_600_000;
/** The wait after a first 429 without a usable header (request-limits.ts). */
export const DEFAULT_RETRY_AFTER_MS = 2_000;
const MIN_RETRY_AFTER_MS = 1_000;
/**
 * Larger numbers are seconds since the epoch and not seconds to wait (X-RateLimit-Reset of GitHub
 * and Docker Hub).
 */
const EPOCH_SECONDS = 1_000_000_000;

const HEADERS: readonly string[] = ['retry-after', 'x-retry-after', 'ratelimit-reset', 'x-ratelimit-reset'];

/**
 * Returns the milliseconds until requests make sense again: from Retry-After in seconds or as a
 * date (RFC 9110 section 10.2.3), else from the reset headers of registries. Between 1 s and 1 h;
 * undefined if no header can be read.
 */
export function statedRetryAfterMs(headers: ResponseHeaders, nowMs: number): number | undefined {
  for (const name of HEADERS) {
    const ms = waitOf(headers.get(name)?.trim() ?? '', nowMs);
    if (ms !== undefined) return Math.min(Math.max(ms, MIN_RETRY_AFTER_MS), MAX_RETRY_AFTER_MS);
  }
  return undefined;
}

/** Returns the time that an answer states, or 2 s if it states none (see statedRetryAfterMs). */
export function retryAfterMs(headers: ResponseHeaders, nowMs: number): number {
  return statedRetryAfterMs(headers, nowMs) ?? DEFAULT_RETRY_AFTER_MS;
}

function waitOf(value: string, nowMs: number): number | undefined {
  if (/^\d{1,15}(?:\.\d+)?(?:;.*)?$/.test(value)) {
    const seconds = Number.parseFloat(value);
    return seconds > EPOCH_SECONDS ? seconds * 1000 - nowMs : seconds * 1000;
  }
  const date = /[a-z]/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : date - nowMs;
}
