import { backoffDelay } from '../../../../common/async/backoff';
import { withDeadline } from '../../../../common/async/deadline';
import { sleep } from '../../../../common/async/sleep';
import { throwIfAborted } from '../../../../common/async/until-aborted';
import type { Clock } from '../../../../common/runtime/clock';
import { BucketError, isTransientBucketError } from './bucket-error';
import type { GcsLimits } from './limits';

type RetryLimits = Pick<GcsLimits, 'retryBaseMs' | 'retryMaxMs'>;

/**
 * Decides whether and when to retry: with growing delays, and for at most `giveUpMs` milliseconds
 * without progress.
 */
export class RetryBudget {
  private failures = 0;
  private failingSince: number | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly limits: RetryLimits,
    private readonly giveUpMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** Forgets earlier failures, because there was progress. */
  progress(): void {
    this.failures = 0;
    this.failingSince = undefined;
  }

  /**
   * Waits before the next try. Throws `error` if a retry makes no sense or the time is over, and
   * the reason of the signal if it aborts.
   */
  async waitOrThrow(error: unknown, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    const { retryBaseMs, retryMaxMs } = this.limits;
    const now = this.clock.steady();
    this.failingSince ??= now;
    this.failures += 1;
    const backoff = { firstMs: retryBaseMs, maxMs: retryMaxMs, jitter: 0.5 };
    const delay = backoffDelay(backoff, this.failures, this.random);
    if (!isTransientBucketError(error) || now + delay - this.failingSince > this.giveUpMs) throw error;
    await sleep(this.clock, delay, signal);
  }
}

/**
 * Runs a small operation with retries for at most `ms` milliseconds in all. Throws the last
 * failure, or the reason of the signal.
 */
export function withRetries<T>(
  clock: Clock,
  limits: RetryLimits,
  ms: number,
  signal: AbortSignal | undefined,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return within(clock, ms, signal, async (bounded) => {
    const retries = new RetryBudget(clock, limits, ms);
    for (;;) {
      try {
        return await attempt(bounded);
      } catch (error) {
        await retries.waitOrThrow(error, bounded);
      }
    }
  });
}

/**
 * Runs an action with a signal that aborts with the caller's signal, or after `ms` milliseconds
 * with a transient BucketError.
 */
export function within<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withDeadline({ clock, ms, reason: () => new BucketError('did not answer in time', true) }, signal, action);
}
