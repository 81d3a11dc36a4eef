import type { Clock } from '../runtime/clock';

/** Places that callers wait for in turn, for a bounded time. */
export class WaitingPlaces {
  private readonly queue = new Set<() => void>();
  private taken = 0;

  constructor(
    private readonly most: number,
    private readonly waitMs: number,
    private readonly clock: Clock,
  ) {}

  /** Returns how many callers wait. */
  get waiting(): number {
    return this.queue.size;
  }

  /**
   * Takes a place, or the next one that is given back. Resolves with how to give it back, which is
   * idempotent; with undefined if none became free within the time.
   */
  async take(): Promise<(() => void) | undefined> {
    if (this.taken < this.most) this.taken += 1;
    else if (!(await this.turn())) return undefined;
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      this.giveBack();
    };
  }

  private turn(): Promise<boolean> {
    return new Promise((resolve) => {
      const start = (): void => {
        cancel();
        resolve(true);
      };
      const cancel = this.clock.after(this.waitMs, () => {
        this.queue.delete(start);
        resolve(false);
      });
      this.queue.add(start);
    });
  }

  /** Passes the place on to whoever waits longest. */
  private giveBack(): void {
    const [next] = this.queue;
    if (next === undefined) {
      this.taken -= 1;
      return;
    }
    this.queue.delete(next);
    next();
  }
}
