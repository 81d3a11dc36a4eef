import type { Clock } from '../../common/runtime/clock';

/**
 * When the timers of a {@link TestClock} run:
 * - `on-advance`: when the test advances the clock past them.
 * - `never`: they are dropped, so that nothing happens periodically.
 * - `real`: after the delay in real time, or earlier if the test advances the clock past them.
 * - `realUpToMs`: delays up to that many milliseconds run in real time, `speed` times faster than
 *   requested; longer delays run when the test advances the clock past them.
 */
export type TestTimers = 'on-advance' | 'never' | 'real' | { readonly realUpToMs: number; readonly speed: number };

/** Options of a {@link TestClock}. */
export interface TestClockOptions {
  /** Default: `on-advance`. */
  readonly timers?: TestTimers;
  /**
   * If true, time also passes at the speed of the machine's clock. Default: false, time stands
   * still.
   */
  readonly running?: boolean;
  /** Is called with the delay, in milliseconds, of each new timer. */
  readonly onTimer?: (delayMs: number) => void;
}

interface WaitingTimer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * The clock of all suites. It stands still, or follows the machine's clock, until a test advances
 * it.
 */
export class TestClock implements Clock {
  private readonly waiting = new Set<WaitingTimer>();
  private readonly createdAt = Date.now();
  private advanced = 0;
  private jumped = 0;

  /** `start` is the first time that {@link now} returns, in milliseconds since the epoch. */
  constructor(
    private readonly start = Date.UTC(2026, 0, 1),
    private readonly options: TestClockOptions = {},
  ) {}

  /** Creates a clock that drops all timers: nothing happens unless the test does it. */
  static withoutTimers(): TestClock {
    return new TestClock(undefined, { timers: 'never' });
  }

  /**
   * Creates a clock that shows the machine's time and runs timers in real time, until the test
   * advances it.
   */
  static running(): TestClock {
    return new TestClock(Date.now(), { timers: 'real', running: true });
  }

  /**
   * Creates a clock for planes that run in several processes: time stands still at `start`, but
   * delays of up to a minute (polls, heartbeats, retries) pass in real time, five times faster,
   * because the planes wait for each other.
   */
  static stepping(start: number): TestClock {
    return new TestClock(start, { timers: { realUpToMs: 60_000, speed: 5 } });
  }

  now(): number {
    return this.steady() + this.jumped;
  }

  /** The time without {@link jump}s. */
  steady(): number {
    return this.start + this.advanced + (this.options.running ? Date.now() - this.createdAt : 0);
  }

  /**
   * Sets {@link now} forward or back, as an operator or NTP sets the clock of a machine: no timer
   * runs earlier or later for it.
   */
  jump(milliseconds: number): void {
    this.jumped += milliseconds;
  }

  after(delayMs: number, callback: () => void): () => void {
    const { timers = 'on-advance', onTimer } = this.options;
    if (timers === 'never') return () => undefined;
    onTimer?.(delayMs);
    if (typeof timers === 'object' && delayMs <= timers.realUpToMs) return inRealTime(delayMs / timers.speed, callback);
    let cancelReal = (): void => undefined;
    const timer: WaitingTimer = {
      at: this.steady() + delayMs,
      callback: () => {
        cancel();
        callback();
      },
    };
    const cancel = (): void => {
      cancelReal();
      this.waiting.delete(timer);
    };
    this.waiting.add(timer);
    if (timers === 'real') cancelReal = inRealTime(delayMs, timer.callback);
    return cancel;
  }

  /** Number of timers that run when the clock is advanced far enough. */
  get pending(): number {
    return this.waiting.size;
  }

  /**
   * Advances the clock and runs the timers that are due, the earliest first. While a timer runs,
   * {@link now} is the time at which it was due, and timers that it adds run too if they are due. A
   * running clock jumps instead, like a machine that was suspended: all due timers see the new
   * time, and timers that they add begin there. A negative value sets the clock back.
   */
  advance(milliseconds: number): void {
    const until = this.steady() + milliseconds;
    const target = this.advanced + milliseconds;
    if (milliseconds < 0 || this.options.running) this.advanced = target;
    for (let next = this.nextDue(until); next !== undefined; next = this.nextDue(until)) {
      if (this.advanced < target)
        this.advanced = Math.min(target, this.advanced + Math.max(0, next.at - this.steady()));
      next.callback();
    }
    if (milliseconds > 0) this.advanced = Math.max(this.advanced, target);
  }

  /**
   * Returns the earliest timer that is due at `until`; of several, the one that was added first.
   */
  private nextDue(until: number): WaitingTimer | undefined {
    let next: WaitingTimer | undefined;
    for (const timer of this.waiting) if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
    return next;
  }
}

function inRealTime(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs).unref();
  return () => clearTimeout(timer);
}
