import type { Clock } from '../runtime/clock';

/** Work that is repeated until it is stopped. */
export interface RepeatOptions {
  readonly clock: Clock;
  /** Milliseconds from the start to the first run. Default: `everyMs`. */
  readonly firstMs?: number;
  /** Milliseconds from the end of one run to the start of the next: slow work never overlaps itself. */
  readonly everyMs: number;
  /** Long work ends early, between two of its steps, when `isStopped` returns true. */
  readonly work: (isStopped: () => boolean) => Promise<void> | void;
  /** Receives what `work` throws; the next run takes place nevertheless. */
  readonly onError: (error: unknown) => void;
}

/**
 * Repeats work on a timer. The function returned stops it and resolves when the run under way has
 * ended; it is harmless when called twice. The timer does not keep the process alive.
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
      // Work without a promise is over: nothing is gained by waiting for a turn.
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
