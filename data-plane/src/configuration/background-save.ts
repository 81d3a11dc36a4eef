import type { Clock } from '../../../common/runtime/clock';

/** How long to wait after a failed save before the next attempt, in milliseconds. */
const RETRY_MS = 30_000;

/** Dependencies and options of {@link BackgroundSave}. */
export interface BackgroundSaveOptions {
  /** Saves the newest state. */
  readonly save: () => Promise<void>;
  readonly clock: Clock;
  /** Shortest time from the end of a save to the start of the next one, in milliseconds. */
  readonly everyMs: number;
  /** Receives the first of several consecutive failures. */
  readonly onError: (error: unknown) => void;
}

/**
 * Saves a state that changes often. Saves do not overlap and are limited in rate. Each save writes
 * the state that is newest when it begins.
 */
export class BackgroundSave {
  private isDue = false;
  private isFailing = false;
  private notBefore = -Infinity;
  private running: Promise<void> | undefined;
  private cancelTimer: (() => void) | undefined;

  constructor(private readonly options: BackgroundSaveOptions) {}

  /** Marks the state as changed, so that it is saved when the rate limit allows. */
  request(): void {
    this.isDue = true;
    this.schedule();
  }

  /**
   * Saves unsaved changes without waiting for the rate limit. Resolves when no save is running.
   * Never rejects.
   */
  async flush(): Promise<void> {
    this.clearTimer();
    await this.running;
    if (this.isDue) await this.run();
    this.clearTimer();
  }

  private schedule(): void {
    if (this.running !== undefined || this.cancelTimer !== undefined) return;
    const { clock } = this.options;
    const delayMs = this.notBefore - clock.steady();
    if (delayMs <= 0) return void this.run();
    this.cancelTimer = clock.after(delayMs, () => {
      this.cancelTimer = undefined;
      void this.run();
    });
  }

  private clearTimer(): void {
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private run(): Promise<void> {
    this.isDue = false;
    this.running = this.attempt().then((pauseMs) => {
      this.running = undefined;
      this.notBefore = this.options.clock.steady() + pauseMs;
      if (this.isDue) this.schedule();
    });
    return this.running;
  }

  /** Saves once. Returns how long to wait before the next save, in milliseconds. */
  private async attempt(): Promise<number> {
    const { save, everyMs, onError } = this.options;
    try {
      await save();
      this.isFailing = false;
      return everyMs;
    } catch (error) {
      if (!this.isFailing) onError(error);
      this.isFailing = true;
      this.isDue = true;
      return RETRY_MS;
    }
  }
}
