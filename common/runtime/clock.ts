/** Clock as a dependency, so that tests control the time. */
export interface Clock {
  /** Milliseconds since the epoch (UTC). */
  now(): number;
  /**
   * Calls `callback` once after `delayMs` milliseconds. Returns a function that cancels the call. A
   * pending call does not keep the process alive.
   */
  after(delayMs: number, callback: () => void): () => void;
}

/** Clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
