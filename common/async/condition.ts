import type { Clock } from '../runtime/clock';

/**
 * A condition variable: tasks wait until something may have changed, and then look for themselves.
 * A notification wakes those that wait at that moment and is not remembered for later ones.
 */
export class Condition {
  private readonly wakes = new Set<() => void>();

  /** Resolves at the next {@link notifyAll}. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.wakes.add(resolve));
  }

  /** Resolves at the next {@link notifyAll}, or after `ms` milliseconds. */
  waitFor(clock: Clock, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.wakes.delete(wake);
        resolve();
      };
      const cancel = clock.after(ms, wake);
      this.wakes.add(wake);
    });
  }

  /** Wakes everybody who waits now. */
  notifyAll(): void {
    if (this.wakes.size === 0) return;
    const waiting = [...this.wakes];
    this.wakes.clear();
    for (const wake of waiting) wake();
  }
}
