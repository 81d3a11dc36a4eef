import { backoffDelay } from '../../../../common/async/backoff';
import type { LayoverError } from '../../../../common/errors/layover-error';
import type { ErrorKey } from '../../../../common/errors/catalogue';
import type { FillLimits } from './fill-limits';

/** The connection or the upstream failed; the same request may succeed in a moment. */
const TRANSIENT: ReadonlySet<ErrorKey> = new Set(['UPSTREAM_FAILED', 'UPSTREAM_TIMEOUT', 'UPSTREAM_UNREACHABLE']);
/** The upstream refused the requester; the credentials of another requester may be accepted. */
const REFUSED: ReadonlySet<ErrorKey> = new Set([
  'UPSTREAM_DENIED',
  'BLOB_UNKNOWN',
  'NAME_UNKNOWN',
  'TOO_MANY_REQUESTS',
]);
/**
 * The failure is about the upstream, not the requester. Another request would most likely fail the
 * same way.
 */
const OUTAGE: ReadonlySet<ErrorKey> = new Set([...TRANSIENT, 'UPSTREAM_TLS', 'UPSTREAM_ADDRESS_REFUSED']);

/** What to do after a failure in the middle of a blob. */
export type Remedy = 'ask-again' | 'ask-as-another' | 'give-up';

/**
 * Returns what to do after a failure. Wrong content and failures of the own disk give up. A rate
 * limit that ends soon is waited out; see {@link requestedWaitMs}.
 */
export function remedyFor(error: LayoverError, limits: Pick<FillLimits, 'maxRetryAfterMs'>): Remedy {
  if (error.key === 'TOO_MANY_REQUESTS' && requestedWaitMs(error, limits) > 0) return 'ask-again';
  if (TRANSIENT.has(error.key)) return 'ask-again';
  return REFUSED.has(error.key) ? 'ask-as-another' : 'give-up';
}

/**
 * Returns the milliseconds that the upstream asked Layover to wait (429 or 503 with Retry-After); 0
 * if it named no time, or a time that a running fill does not wait.
 */
export function requestedWaitMs(error: LayoverError, limits: Pick<FillLimits, 'maxRetryAfterMs'>): number {
  const ms = (error.retryAfterSeconds ?? 0) * 1000;
  return ms <= limits.maxRetryAfterMs ? ms : 0;
}

/**
 * Returns whether a request failed because its connection broke or its time was up, before the
 * upstream answered. Nothing was refused, so the same request may succeed.
 */
export function isInterrupted(error: LayoverError): boolean {
  if (error.upstreamStatus !== undefined) return false;
  return error.key === 'UPSTREAM_TIMEOUT' || error.key === 'UPSTREAM_FAILED';
}

/**
 * Returns whether the failure is an outage of the upstream, and not a matter of the requester's
 * rights.
 */
export function isOutage(error: LayoverError): boolean {
  return OUTAGE.has(error.key);
}

/**
 * Counts the remaining tries. Their number is limited, and restored when enough bytes arrived since
 * the last break.
 */
export class ResumeBudget {
  private used = 0;
  private brokenAt = 0;

  constructor(
    private readonly limits: Pick<FillLimits, 'resumeTries' | 'resumeRestoreBytes' | 'resumeBaseMs' | 'resumeMaxMs'>,
    private readonly random: () => number = Math.random,
  ) {}

  /** Returns the milliseconds to wait before the next try; undefined = no try is left. */
  next(receivedBytes: number): number | undefined {
    if (receivedBytes - this.brokenAt >= this.limits.resumeRestoreBytes) this.used = 0;
    this.brokenAt = receivedBytes;
    if (this.used >= this.limits.resumeTries) return undefined;
    this.used += 1;
    // Jitter spreads the retries of all fills that one outage of the upstream interrupted.
    const backoff = { firstMs: this.limits.resumeBaseMs, maxMs: this.limits.resumeMaxMs, jitter: 0.5 };
    return backoffDelay(backoff, this.used, this.random);
  }
}
