import type { Clock } from '../../../common/runtime/clock';

/** How long a failed save waits for the next attempt, in milliseconds. */
const RETRY_MS = 30_000;

/** What a {@link BackgroundSave} needs. */
export interface BackgroundSaveOptions {
  /** Saves the newest state. */
  readonly save: () => Promise<void>;
  readonly clock: Clock;
  /** Milliseconds from the end of one save to the next. */
  readonly everyMs: number;
  /** Receives the first failure of a row. */
  readonly onError: (error: unknown) => void;
}

/**
 * Saves a state that changes often: one save at a time and not too often, each with what is newest
 * when it begins.
 */
export class BackgroundSave {
  private isDue = false;
  private isFailing = false;
  private notBefore = -Infinity;
  private running: Promise<void> | undefined;
  private cancelTimer: (() => void) | undefined;

  constructor(private readonly options: BackgroundSaveOptions) {}

  /** Says that the state changed. */
  request(): void {
    this.isDue = true;
    this.schedule();
  }

  /**
   * Saves what is not saved yet, without waiting for its time; resolves when nothing runs any more.
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
    const delayMs = this.notBefore - clock.now();
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
      this.notBefore = this.options.clock.now() + pauseMs;
      if (this.isDue) this.schedule();
    });
    return this.running;
  }

  /** Returns how long to wait before the next save, in milliseconds. */
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
