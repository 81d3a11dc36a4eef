import type { Clock } from '../runtime/clock';
import { type LinkedSignal, linkSignals } from './linked-signal';

/** Time limit of an operation, and the reason to abort it with. */
export interface DeadlineOptions {
  readonly clock: Clock;
  /** Milliseconds from now. */
  readonly ms: number;
  /** Creates the abort reason of the operation's signal when the time is up. */
  readonly reason: () => unknown;
}

/** Signal that aborts at a deadline. Call `release` when the operation is over. */
export interface Deadline extends LinkedSignal {
  /** Cancels the time limit. The signal still aborts with its parents. */
  lift(): void;
}

/**
 * Starts a deadline. The signal also aborts when one of `parents` does, with that parent's reason.
 */
export function startDeadline(
  { clock, ms, reason }: DeadlineOptions,
  ...parents: readonly (AbortSignal | undefined)[]
): Deadline {
  const linked = linkSignals(...parents);
  const lift = clock.after(ms, () => linked.abort(reason()));
  return {
    signal: linked.signal,
    abort: (cause) => linked.abort(cause),
    lift,
    release: () => {
      lift();
      linked.release();
    },
  };
}

/**
 * Runs an action with a signal that aborts at the deadline or when `signal` aborts. Settles as the
 * action does, so an action that ignores the signal may take longer.
 */
export async function withDeadline<T>(
  options: DeadlineOptions,
  signal: AbortSignal | undefined,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = startDeadline(options, signal);
  try {
    return await action(deadline.signal);
  } finally {
    deadline.release();
  }
}

/**
 * Waits at most `ms` milliseconds for a promise that cannot be cancelled. Settles as the promise
 * does, or, after that time, with what `onTimeout` returns or throws. Ignores a promise that
 * settles later, even if it rejects.
 */
export function withTimeout<T, L>(clock: Clock, ms: number, promise: Promise<T>, onTimeout: () => L): Promise<T | L> {
  return new Promise<T | L>((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      try {
        resolve(onTimeout());
      } catch (error) {
        reject(error as Error);
      }
    });
    promise.then(resolve, reject).finally(cancel);
  });
}
