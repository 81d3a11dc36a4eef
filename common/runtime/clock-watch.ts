import type { Clock } from './clock';
import type { Logger } from './logger';

/** Change of the clock that counts as set by somebody, in milliseconds; NTP corrects less. */
export const CLOCK_TOLERANCE_MS = 600_000;
/**
 * How long a clock that was set forward is not trusted, in milliseconds: time for an operator to
 * set it back before anything is deleted.
 */
const PAUSE_MS = 3_600_000;
/**
 * Time without any event from which on the clock may have been set while nothing ran, in
 * milliseconds.
 */
const SILENCE_MS = 86_400_000;

/**
 * Notices that the clock of the machine was set, by comparing it with one that never jumps. A clock
 * that was set forward by mistake would end everything that ends by time: nothing that cannot be
 * undone may happen until an operator had time to notice. After a clock was set back, what was
 * stored before has times in the future.
 */
export class ClockWatch {
  private last: { readonly now: number; readonly steady: number };
  private pausedUntil = Number.NEGATIVE_INFINITY;
  private isSetBack = false;

  constructor(
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {
    this.last = { now: clock.now(), steady: clock.steady() };
  }

  /**
   * Compares the clock with what was recorded before this process, because it may have been set
   * while nothing ran. `at` is the time of the latest event that is not in the future, in
   * milliseconds since the epoch; `hasLater` says whether there are others.
   */
  begin({ at, hasLater }: { readonly at: number | undefined; readonly hasLater: boolean }): void {
    if (hasLater) this.isSetBack = true;
    const silence = this.clock.now() - (at ?? Infinity);
    if (silence <= SILENCE_MS) return;
    this.pausedUntil = this.clock.steady() + PAUSE_MS;
    this.log.info(
      { days: Math.floor(silence / SILENCE_MS) },
      'Nothing was recorded for more than a day. In case the clock is wrong, nothing is deleted for an hour',
    );
  }

  /** Returns false for an hour after the clock was set forward. */
  isTrusted(): boolean {
    this.look();
    return this.clock.steady() >= this.pausedUntil;
  }

  /** Returns whether the clock was set back since the last call. */
  takeSetBack(): boolean {
    this.look();
    const isSetBack = this.isSetBack;
    this.isSetBack = false;
    return isSetBack;
  }

  private look(): void {
    const next = { now: this.clock.now(), steady: this.clock.steady() };
    const set = next.now - this.last.now - (next.steady - this.last.steady);
    this.last = next;
    if (Math.abs(set) <= CLOCK_TOLERANCE_MS) return;
    if (set < 0) {
      this.isSetBack = true;
      this.log.error(
        { seconds: Math.round(-set / 1000) },
        'The clock of this machine was set back. Stored times in the future are corrected: check the clock',
      );
      return;
    }
    this.pausedUntil = next.steady + PAUSE_MS;
    this.log.error(
      { seconds: Math.round(set / 1000) },
      'The clock of this machine was set forward, or the machine slept. Nothing is deleted for an hour: check the clock',
    );
  }
}
