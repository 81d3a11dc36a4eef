import type { Clock } from '../../../../common/runtime/clock';
import type { Console } from './console';
import { formatBytes, formatCount, formatDuration, formatNumber } from './format';

/** How often the line on a terminal changes at most, in milliseconds. */
const TERMINAL_MS = 200;
/** How often there is a new line elsewhere at most: every second at first, later less often, so that a log of hours can be read. */
const LINES_MS = 1000;
const LATER_LINES_MS = 10_000;
const AT_FIRST_MS = 60_000;
/** After this time, and this share of the work, the rest can be estimated. */
const ESTIMATE_MS = 2000;
const ESTIMATE_SHARE = 0.01;

/** An amount of work, done or in all. */
export interface Amount {
  readonly items: number;
  readonly bytes: number;
}

/** Shows how far fsck is: phase, done and total, problems so far, and about how long it will take yet. */
export class Progress {
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

  /** Begins a phase: its name, what is counted in it, and how much of that there is about. */
  begin(phase: string, noun: string, total: Amount): void {
    Object.assign(this, { phase, noun, total, items: 0, bytes: 0, startedAt: this.clock.now() });
    if (this.console.isTerminal) this.show();
  }

  /** So much more is done. */
  advance(items: number, bytes = 0): void {
    this.items += items;
    this.bytes += bytes;
    const now = this.clock.now();
    const lines = now - this.begunAt < AT_FIRST_MS ? LINES_MS : LATER_LINES_MS;
    if (now - this.shownAt >= (this.console.isTerminal ? TERMINAL_MS : lines)) this.show();
  }

  /** So many things are looked at again after a pause, in milliseconds, because they may be on their way. */
  wait(count: number, ms: number): void {
    if (ms < 1000) return;
    this.console.status(
      `${this.toString()}, looking again in ${formatDuration(ms)} at ${formatCount(count, 'blob')} that may be on the way`,
    );
    this.shownAt = this.clock.now();
  }

  /** Ends a phase; gives back what was done in it. */
  end(): Amount {
    this.show();
    return { items: this.items, bytes: this.bytes };
  }

  /** The phase, and how far it is, in words; empty before the first. */
  toString(): string {
    const { items, bytes, total } = this;
    if (this.phase === '') return '';
    // What was added meanwhile is done too.
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

  /** undefined = too early to say. */
  private leftMs(): number | undefined {
    const { total } = this;
    const share = total.bytes > 0 ? this.bytes / total.bytes : this.items / Math.max(1, total.items);
    const elapsed = this.clock.now() - this.startedAt;
    if (elapsed < ESTIMATE_MS || share < ESTIMATE_SHARE || share >= 1) return undefined;
    return (elapsed * (1 - share)) / share;
  }
}
