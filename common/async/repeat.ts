import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/logger';

/** Something that is done again and again. */
export interface RepeatedWork {
  /** Milliseconds from the start to the first time. */
  readonly firstMs: number;
  /** Milliseconds from the end of one time to the next. */
  readonly everyMs: number;
  /** Works in steps, and stops between two of them when `stopped` says so. What it throws is logged; the next time tries again. */
  readonly work: (stopped: () => boolean) => Promise<void>;
  /** Completes the log's "… failed; it is tried again later". */
  readonly name: string;
}

/** Repeats it until the function returned is called; that resolves when the step that runs has ended. */
export function repeat({ firstMs, everyMs, work, name }: RepeatedWork, clock: Clock, log: Logger): () => Promise<void> {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let cancel: () => void = () => undefined;
  const run = async (): Promise<void> => {
    try {
      await work(() => stopped);
    } catch (error) {
      log.warn({ err: error }, `${name} failed; it is tried again later`);
    }
    if (!stopped) schedule(everyMs);
  };
  const schedule = (delayMs: number): void => {
    cancel = clock.after(delayMs, () => {
      running = run();
    });
  };
  schedule(firstMs);
  return async () => {
    stopped = true;
    cancel();
    await running;
  };
}
