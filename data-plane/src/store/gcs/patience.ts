import type { Clock } from '../../../../common/runtime/clock';
import { pause } from '../../../../common/runtime/pause';
import { BucketError, isTransient } from './bucket-error';
import type { GcsLimits } from './limits';

type RetryLimits = Pick<GcsLimits, 'retryBaseMs' | 'retryMaxMs'>;

/** Says whether, and when, something is tried again: with growing pauses, and not for longer than `giveUpMs` without getting on. */
export class Patience {
  private failures = 0;
  private failingSince: number | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly limits: RetryLimits,
    private readonly giveUpMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** It got on: what went wrong before is forgotten. */
  progress(): void {
    this.failures = 0;
    this.failingSince = undefined;
  }

  /** Waits before the next try. Throws `error` where none makes sense or time is up, and the signal's reason when it aborts. */
  async again(error: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { retryBaseMs, retryMaxMs } = this.limits;
    const now = this.clock.now();
    this.failingSince ??= now;
    // Half to whole: what one outage has stopped does not all come back at the same moment.
    const delay = Math.min(retryMaxMs, retryBaseMs * 2 ** Math.min(20, this.failures)) * (0.5 + this.random() / 2);
    this.failures += 1;
    if (!isTransient(error) || now + delay - this.failingSince > this.giveUpMs) throw error;
    await pause(this.clock, delay, signal);
  }
}

/** Runs a small operation, again where that makes sense, for at most `ms` in all. Throws the last failure, or the signal's reason. */
export function patiently<T>(
  clock: Clock,
  limits: RetryLimits,
  ms: number,
  signal: AbortSignal | undefined,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return within(clock, ms, signal, async (bounded) => {
    const patience = new Patience(clock, limits, ms);
    for (;;) {
      try {
        return await attempt(bounded);
      } catch (error) {
        await patience.again(error, bounded);
      }
    }
  });
}

/** Runs an action under a signal that aborts when the caller's does, or after `ms` with a transient BucketError. */
export async function within<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal | undefined,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  // Not AbortSignal.any: on long-lived signals it leaves something behind for every use.
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(signal?.reason);
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  const cancel = clock.after(ms, () => controller.abort(new BucketError('did not answer in time', true)));
  try {
    return await action(controller.signal);
  } finally {
    cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** The promise's outcome, or the signal's reason when it aborts first: for what can't be stopped itself. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
