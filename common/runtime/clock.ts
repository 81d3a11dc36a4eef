/** Clock as a dependency, so that tests control the time. */
export interface Clock {
  /**
   * Milliseconds since the epoch (UTC): for what is stored, sent or shown. An operator or NTP may
   * set this time forward or back at any moment.
   */
  now(): number;
  /**
   * Milliseconds since an arbitrary moment before the start of the process, which only move
   * forward and never jump: for durations, time limits and whatever ends within the process. Not
   * comparable with `now`, nor between processes.
   */
  steady(): number;
  /**
   * Calls `callback` once after `delayMs` milliseconds. Returns a function that cancels the call. A
   * pending call does not keep the process alive.
   */
  after(delayMs: number, callback: () => void): () => void;
}

/** Clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // The origin is a constant. With it, 0 is a moment long ago, as it is for `now`.
  steady: () => performance.timeOrigin + performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
