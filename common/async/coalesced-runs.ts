import { KeyedMutex } from './keyed-mutex';

/**
 * Runs work one run at a time for each key, and coalesces requests: all that arrive before a run
 * begins share it. So the result that a caller gets never comes from a run that began before the
 * caller asked, and any number of requests during a run cost one more run.
 */
export class CoalescedRuns<T> {
  private readonly mutex = new KeyedMutex();
  private readonly next = new Map<string, Promise<T>>();

  /** Joins the run of this key that has not begun yet, or plans it. Settles as that run does. */
  run(key: string, work: () => Promise<T>): Promise<T> {
    const planned = this.next.get(key);
    if (planned !== undefined) return planned;
    const run = this.mutex.run(key, async () => {
      // Requests of the same turn of the event loop share the run.
      await Promise.resolve();
      this.next.delete(key);
      return work();
    });
    this.next.set(key, run);
    return run;
  }
}
