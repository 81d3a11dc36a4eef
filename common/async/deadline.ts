import type { Clock } from '../runtime/clock';
import { type LinkedSignal, linkSignals } from './linked-signal';

/** How long an operation may take, and what its end by time looks like. */
export interface DeadlineOptions {
  readonly clock: Clock;
  /** Milliseconds from now. */
  readonly ms: number;
  /** Creates the reason with which the operation's signal aborts when the time is up. */
  readonly reason: () => unknown;
}

/** A signal that aborts at its deadline. Release it when the operation is over. */
export interface Deadline extends LinkedSignal {
  /** Cancels the deadline: the operation may now take as long as its parents allow. */
  lift(): void;
}

/** Starts a deadline. Its signal also aborts when one of `parents` does, with that parent's reason. */
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
 * Runs an action that honours an abort signal. The signal aborts at the deadline, or when the
 * caller's does. Settles as the action does, so an action that ignores its signal may take longer.
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
 * does; after that time with what `onTimeout` returns or throws. A promise that settles later is
 * ignored, also when it rejects.
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
