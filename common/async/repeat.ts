import type { Clock } from '../runtime/clock';

/** Work that is repeated until it is stopped, and its interval. */
export interface RepeatOptions {
  readonly clock: Clock;
  /** Milliseconds from the start to the first run. Default: `everyMs`. */
  readonly firstMs?: number;
  /** Milliseconds from the end of one run to the start of the next. Runs never overlap. */
  readonly everyMs: number;
  /**
   * Does one run. Long work checks `isStopped` between its steps and ends early if it returns true.
   */
  readonly work: (isStopped: () => boolean) => Promise<void> | void;
  /** Receives what `work` throws. The next run takes place nevertheless. */
  readonly onError: (error: unknown) => void;
}

/**
 * Repeats work on a timer. Returns a function that stops the timer and resolves when the current
 * run has ended; further calls of it are harmless. The timer does not keep the process alive.
 */
export function repeat({ clock, firstMs, everyMs, work, onError }: RepeatOptions): () => Promise<void> {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let cancel: () => void = () => undefined;
  const isStopped = (): boolean => stopped;
  const schedule = (delayMs: number): void => {
    if (stopped) return;
    cancel = clock.after(delayMs, () => {
      let result: Promise<void> | void = undefined;
      try {
        result = work(isStopped);
      } catch (error) {
        onError(error);
      }
      // Synchronous work is already over: the next run is scheduled without waiting for a turn.
      if (result === undefined) schedule(everyMs);
      else running = result.catch(onError).then(() => schedule(everyMs));
    });
  };
  schedule(firstMs ?? everyMs);
  return async () => {
    stopped = true;
    cancel();
    await running;
  };
}
