import type { Clock } from '../../../common/runtime/clock';

/** A wait that ends by time or by a call, whichever comes first. One waiter at a time. */
export class Waiter {
  private wakeUp: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  /** Resolves at {@link Waiter.wake}, or after `delayMs` where one is given. */
  wait(delayMs?: number): Promise<void> {
    return new Promise((resolve) => {
      let cancel: (() => void) | undefined;
      this.wakeUp = () => {
        this.wakeUp = undefined;
        cancel?.();
        resolve();
      };
      if (delayMs !== undefined) cancel = this.clock.after(delayMs, this.wakeUp);
    });
  }

  /** Ends the wait under way, if there is one. */
  wake(): void {
    this.wakeUp?.();
  }
}
