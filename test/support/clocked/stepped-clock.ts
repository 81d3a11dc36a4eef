import type { Clock } from '../../../common/runtime/clock';

/** Longer delays than this wait for a step, in milliseconds: what is done every hour is part of the test's time, not of the machine's. */
const STEPPED_MS = 60_000;
/** How many times faster than the machine's clock the shorter ones run: gathering, tries again, polls, heartbeats. */
const HASTE = 5;

/**
 * A clock whose time stands still until it is set. Pauses of less than a minute pass by themselves all the same, faster than on the
 * machine's clock: planes in several processes wait for each other in them.
 */
export class SteppedClock implements Clock {
  private readonly waiting = new Map<() => void, number>();

  constructor(private time: number) {}

  now(): number {
    return this.time;
  }

  after(delayMs: number, callback: () => void): () => void {
    if (delayMs <= STEPPED_MS) {
      const timer = setTimeout(callback, delayMs / HASTE).unref();
      return () => clearTimeout(timer);
    }
    const run = (): void => callback();
    this.waiting.set(run, this.time + delayMs);
    return () => this.waiting.delete(run);
  }

  /** Moves the time on, and calls back what was due, the earliest first. */
  set(time: number): void {
    this.time = Math.max(this.time, time);
    const due = [...this.waiting].filter(([, at]) => at <= this.time).sort(([, a], [, b]) => a - b);
    for (const [run] of due) if (this.waiting.delete(run)) run();
  }
}
