/** Time as a dependency: tests hold it still and move it on. */
export interface Clock {
  /** Milliseconds since the epoch (UTC). */
  now(): number;
  /** Calls back once after `delayMs`; the function returned takes it back. Never keeps the process alive by itself. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
