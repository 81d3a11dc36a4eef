import type { Clock } from '../runtime/clock';

/**
 * Condition variable: tasks wait until something may have changed and then check it themselves. A
 * notification wakes the tasks that wait at that moment. It is not stored for later ones.
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

  /** Wakes all tasks that wait now. */
  notifyAll(): void {
    if (this.wakes.size === 0) return;
    const waiting = [...this.wakes];
    this.wakes.clear();
    for (const wake of waiting) wake();
  }
}
