import type { Clock } from '../../../../common/runtime/clock';

/** The machine's clock, which a test can move on: what is due by then runs at once. */
export class ShiftedClock implements Clock {
  private shifted = 0;
  private readonly waiting = new Map<() => void, number>();

  now(): number {
    return Date.now() + this.shifted;
  }

  after(delayMs: number, callback: () => void): () => void {
    const run = (): void => {
      cancel();
      callback();
    };
    const timer = setTimeout(run, delayMs).unref();
    const cancel = (): void => {
      clearTimeout(timer);
      this.waiting.delete(run);
    };
    this.waiting.set(run, this.now() + delayMs);
    return cancel;
  }

  shift(milliseconds: number): void {
    this.shifted += milliseconds;
    for (const [run, dueAt] of [...this.waiting]) if (dueAt <= this.now()) run();
  }
}
