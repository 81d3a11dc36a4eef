import type { Clock } from '../runtime/clock';
import { CoalescedRuns } from './coalesced-runs';
import { repeat } from './repeat';

/** What a poller needs. */
export interface PollerOptions {
  readonly clock: Clock;
  /** Milliseconds from the end of one poll to the next: a slow source is not asked more often than it answers. */
  readonly everyMs: number;
  readonly poll: () => Promise<void>;
  /** Receives the first failure of a row; the next failure after a success is a first one again. */
  readonly onError: (error: unknown) => void;
}

/**
 * Looks for changes on a timer, and at once when somebody knows that there is one. One poll runs at
 * a time; requests during a poll are served by one more.
 */
export class Poller {
  private readonly runs = new CoalescedRuns<void>();
  private stopRepeating: (() => Promise<void>) | undefined;
  private isStopped = false;
  private isFailing = false;

  constructor(private readonly options: PollerOptions) {}

  /** Starts the timer. */
  start(): void {
    const { clock, everyMs } = this.options;
    const work = (): Promise<void> => this.pollNow();
    // pollNow() never rejects.
    this.stopRepeating ??= repeat({ clock, everyMs, work, onError: () => undefined });
  }

  /**
   * Polls now. Resolves when a poll that began after this call has ended, so that everything written
   * before the call has been seen. Never rejects; does nothing after {@link stop}.
   */
  pollNow(): Promise<void> {
    return this.runs.run('', () => this.poll());
  }

  /** Stops the timer; resolves when no poll runs any more. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.stopRepeating?.();
    await this.pollNow();
  }

  private async poll(): Promise<void> {
    if (this.isStopped) return;
    try {
      await this.options.poll();
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) this.options.onError(error);
      this.isFailing = true;
    }
  }
}
