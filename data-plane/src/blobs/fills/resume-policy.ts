import { backoffDelay } from '../../../../common/async/backoff';
import type { LayoverError } from '../../../../common/errors/layover-error';
import type { ErrorKey } from '../../../../common/errors/catalogue';
import type { FillLimits } from './fill-limits';

/** The connection or the upstream broke: the same request may succeed in a moment. */
const TRANSIENT: ReadonlySet<ErrorKey> = new Set(['UPSTREAM_FAILED', 'UPSTREAM_TIMEOUT', 'UPSTREAM_UNREACHABLE']);
/** The upstream refused whoever asked: somebody else's credentials may be good. */
const REFUSED: ReadonlySet<ErrorKey> = new Set([
  'UPSTREAM_DENIED',
  'BLOB_UNKNOWN',
  'NAME_UNKNOWN',
  'TOO_MANY_REQUESTS',
]);
/** Says something of the upstream, not of who asked: a waiter that asks again will most likely hear the same. */
const OUTAGE: ReadonlySet<ErrorKey> = new Set([...TRANSIENT, 'UPSTREAM_TLS', 'UPSTREAM_ADDRESS_REFUSED']);

/** What to do about a failure in the middle of a blob. */
export type Remedy = 'ask-again' | 'ask-as-another' | 'give-up';

/** The remedy that a failure allows. Content that is not what it should be, and our own disk, have none. */
export function remedyFor(error: LayoverError): Remedy {
  if (TRANSIENT.has(error.key)) return 'ask-again';
  return REFUSED.has(error.key) ? 'ask-as-another' : 'give-up';
}

/** Whether the failure is the upstream's state and not the requester's rights. */
export function isOutage(error: LayoverError): boolean {
  return OUTAGE.has(error.key);
}

/** Counts the tries that are left: bounded, and given back once the blob has come on well since the last break. */
export class ResumeBudget {
  private used = 0;
  private brokenAt = 0;

  constructor(
    private readonly limits: Pick<FillLimits, 'resumeTries' | 'resumeRestoreBytes' | 'resumeBaseMs' | 'resumeMaxMs'>,
    private readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds to wait before the next try; undefined = no try is left. */
  next(receivedBytes: number): number | undefined {
    if (receivedBytes - this.brokenAt >= this.limits.resumeRestoreBytes) this.used = 0;
    this.brokenAt = receivedBytes;
    if (this.used >= this.limits.resumeTries) return undefined;
    this.used += 1;
    // With jitter: the fills that one break of an upstream hit must not all come back together.
    const backoff = { firstMs: this.limits.resumeBaseMs, maxMs: this.limits.resumeMaxMs, jitter: 0.5 };
    return backoffDelay(backoff, this.used, this.random);
  }
}
