import { LRUCache } from 'lru-cache';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import { DEFAULT_RETRY_AFTER_MS } from './retry-after';

/** Maximum number of remembered limits. */
const MAX_LIMITS = 10_000;
/** Longest wait after a 429 without a time, however often it is repeated. */
const MAX_UNSTATED_MS = 60_000;

interface Limit {
  /** As Clock.steady. */
  readonly until: number;
  /** The wait after the next 429 without a time, in milliseconds. */
  readonly nextMs: number;
}

/**
 * Returns the message for a client whose request was limited. It is the same whether the upstream
 * was asked or is known to limit, because that makes no difference for the user.
 */
export function limitMessage(name: string, seconds: number): string {
  return `${name} limits the requests of Layover (429); try again in ${seconds} seconds`;
}

/**
 * Remembers which requests upstreams limit (429), so that Layover does not send them before the
 * limit is over. The key says what is limited: identity, host, and kind of request
 * (docs/design/access.md#rate-limits). Bounded; losing an entry is harmless.
 */
export class RequestLimits {
  private readonly limits = new LRUCache<string, Limit>({ max: MAX_LIMITS });

  constructor(private readonly clock: Clock) {}

  /** Throws TOO_MANY_REQUESTS with the remaining seconds while a limit is remembered. */
  assertOpen(key: string, name: string): void {
    const left = (this.limits.get(key)?.until ?? 0) - this.clock.steady();
    if (left <= 0) return;
    const seconds = Math.ceil(left / 1000);
    throw new LayoverError('TOO_MANY_REQUESTS', {
      message: limitMessage(name, seconds),
      retryAfterSeconds: seconds,
    });
  }

  /**
   * Remembers a 429 and returns the milliseconds until the limit is over. `statedMs` is the time
   * that the server named. Without one, the wait is a few seconds and doubles with each further
   * 429, up to a minute. Simultaneous 429s count once.
   */
  exceeded(key: string, statedMs: number | undefined): number {
    const now = this.clock.steady();
    const known = this.limits.get(key);
    if (statedMs === undefined && known !== undefined && known.until > now) return known.until - now;
    const unstatedMs = known?.nextMs ?? DEFAULT_RETRY_AFTER_MS;
    const waitMs = statedMs ?? unstatedMs;
    const nextMs = statedMs === undefined ? Math.min(2 * unstatedMs, MAX_UNSTATED_MS) : unstatedMs;
    this.limits.set(key, { until: Math.max(now + waitMs, known?.until ?? 0), nextMs });
    return waitMs;
  }

  /** Forgets a limit after an answer other than 429. */
  passed(key: string): void {
    const known = this.limits.peek(key);
    // A request that was sent before the limit began does not end it.
    if (known !== undefined && known.until <= this.clock.steady()) this.limits.delete(key);
  }
}
