import type { Clock } from '../../../../common/runtime/clock';
import type { Console } from './console';
import { formatBytes, formatCount, formatDuration, formatNumber } from './format';

/** Minimum interval of updates on a terminal, in milliseconds. */
const TERMINAL_MS = 200;
/**
 * Minimum interval of lines otherwise, in milliseconds: a second at first and longer later, so that
 * the log of a run of hours stays readable.
 */
const LINES_MS = 1000;
const LATER_LINES_MS = 10_000;
const AT_FIRST_MS = 60_000;
/** The remaining time is estimated after this time and this share of the work. */
const ESTIMATE_MS = 2000;
const ESTIMATE_SHARE = 0.01;

/** An amount of work, done or in total. */
export interface Amount {
  readonly items: number;
  readonly bytes: number;
}

/**
 * Shows the progress of fsck: the phase, the work done and in total, the problems so far, and the
 * estimated remaining time.
 */
export class FsckProgress {
  private phase = '';
  private noun = '';
  private total: Amount = { items: 0, bytes: 0 };
  private items = 0;
  private bytes = 0;
  private startedAt = 0;
  private shownAt: number;
  private readonly begunAt: number;

  constructor(
    private readonly console: Console,
    private readonly clock: Clock,
    private readonly problems: () => number,
  ) {
    this.begunAt = this.shownAt = clock.now();
  }

  /** Begins a phase with its name, the noun for its items, and the approximate total. */
  begin(phase: string, noun: string, total: Amount): void {
    Object.assign(this, { phase, noun, total, items: 0, bytes: 0, startedAt: this.clock.now() });
    if (this.console.isTerminal) this.show();
  }

  /** Adds completed work. */
  advance(items: number, bytes = 0): void {
    this.items += items;
    this.bytes += bytes;
    const now = this.clock.now();
    const lines = now - this.begunAt < AT_FIRST_MS ? LINES_MS : LATER_LINES_MS;
    if (now - this.shownAt >= (this.console.isTerminal ? TERMINAL_MS : lines)) this.show();
  }

  /** Shows a pause in milliseconds before suspects are checked again. */
  wait(count: number, ms: number): void {
    if (ms < 1000) return;
    this.console.status(`${this.toString()}, checking ${formatCount(count, 'blob')} again in ${formatDuration(ms)}`);
    this.shownAt = this.clock.now();
  }

  /** Ends a phase. Returns the work done in it. */
  end(): Amount {
    this.show();
    return { items: this.items, bytes: this.bytes };
  }

  /** Returns the phase and its progress; empty before the first phase. */
  toString(): string {
    const { items, bytes, total } = this;
    if (this.phase === '') return '';
    // Items that were added during the phase count too.
    const parts = [`${formatNumber(items)}/${formatNumber(Math.max(items, total.items))} ${this.noun}`];
    if (total.bytes > 0 || bytes > 0) parts.push(`${formatBytes(bytes)}/${formatBytes(Math.max(bytes, total.bytes))}`);
    return `${this.phase}: ${parts.join(', ')}`;
  }

  private show(): void {
    const left = this.leftMs();
    this.console.status(
      `${this.toString()}, ${formatCount(this.problems(), 'problem')}` +
        (left === undefined ? '' : `, about ${formatDuration(left)} left`),
    );
    this.shownAt = this.clock.now();
  }

  /** Returns the estimated remaining time in milliseconds, or undefined if it is too early. */
  private leftMs(): number | undefined {
    const { total } = this;
    const share = total.bytes > 0 ? this.bytes / total.bytes : this.items / Math.max(1, total.items);
    const elapsed = this.clock.now() - this.startedAt;
    if (elapsed < ESTIMATE_MS || share < ESTIMATE_SHARE || share >= 1) return undefined;
    return (elapsed * (1 - share)) / share;
  }
}
