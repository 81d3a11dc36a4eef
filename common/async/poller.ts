import type { Clock } from '../runtime/clock';
import { CoalescedRuns } from './coalesced-runs';
import { repeat } from './repeat';

/** Dependencies and interval of a poller. */
export interface PollerOptions {
  readonly clock: Clock;
  /**
   * Milliseconds from the end of one poll to the start of the next, so that polls never overlap.
   */
  readonly everyMs: number;
  readonly poll: () => Promise<void>;
  /** Receives the first failure of a series of failures. A success ends the series. */
  readonly onError: (error: unknown) => void;
}

/**
 * Polls on a timer and on request. One poll runs at a time; all requests during a poll are served
 * by one more poll.
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
   * Polls now. Resolves when a poll that started after this call has ended, so that it has seen
   * everything written before the call. Never rejects. Does nothing after {@link stop}.
   */
  pollNow(): Promise<void> {
    return this.runs.run('', () => this.poll());
  }

  /** Stops the timer. Resolves when no poll is running. */
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
