import { KeyedMutex } from './keyed-mutex';

/**
 * Serializes runs of the same key and coalesces requests: all requests that arrive before a run
 * starts share it. A caller therefore never gets the result of a run that started before its
 * request, and any number of requests during a run cause one more run.
 */
export class CoalescedRuns<T> {
  private readonly mutex = new KeyedMutex();
  private readonly next = new Map<string, Promise<T>>();

  /** Joins the pending run of this key, or schedules one. Settles as that run does. */
  run(key: string, work: () => Promise<T>): Promise<T> {
    const planned = this.next.get(key);
    if (planned !== undefined) return planned;
    const run = this.mutex.run(key, async () => {
      // Requests in the same turn of the event loop share the run.
      await Promise.resolve();
      this.next.delete(key);
      return work();
    });
    this.next.set(key, run);
    return run;
  }
}
