import type { Clock } from '../../../../common/runtime/clock';

/** First and longest pause, in milliseconds. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;
/** When it has failed over so many different images, and worked for none, the images are not to blame. */
const BROKEN_IN_A_ROW = 3;

/**
 * Whether Clair is worth asking. It opens when Clair is away; after a pause, which doubles up to a minute, somebody has to find out
 * whether it is back ({@link ClairCircuit.isProbeDue}) before images are sent to it again.
 */
export class ClairCircuit {
  private openUntil: number | undefined;
  private pauseMs = FIRST_PAUSE_MS;
  private readonly broken = new Set<string>();
  private busyUntil = 0;
  private why: string | undefined;

  constructor(private readonly clock: Clock) {}

  /** Why nothing is sent to Clair at present; undefined = it is there. */
  get reason(): string | undefined {
    return this.why;
  }

  /** Milliseconds until it is worth asking whether Clair is back; 0 = now, or it is there. */
  get pauseLeftMs(): number {
    return this.openUntil === undefined ? 0 : Math.max(0, this.openUntil - this.clock.now());
  }

  /** Whether it is open and its pause over. */
  get isProbeDue(): boolean {
    return this.openUntil !== undefined && this.openUntil <= this.clock.now();
  }

  /** How many images may be sent to Clair beside each other, of `most`. */
  room(most: number): number {
    if (this.openUntil !== undefined || this.busyUntil > this.clock.now()) return 0;
    return this.broken.size >= BROKEN_IN_A_ROW ? 1 : most;
  }

  /** Clair answers. */
  answered(): void {
    this.openUntil = undefined;
    this.why = undefined;
    if (this.broken.size < BROKEN_IN_A_ROW) this.pauseMs = FIRST_PAUSE_MS;
  }

  /** Clair did what it is there for. */
  worked(): void {
    this.broken.clear();
    this.answered();
  }

  /** Clair has too much to do: for so many milliseconds it is given no more. */
  busy(ms: number): void {
    this.busyUntil = this.clock.now() + ms;
  }

  /** Clair is away. */
  away(reason: string): void {
    this.why = reason;
    const now = this.clock.now();
    if (this.openUntil !== undefined && this.openUntil > now) return;
    this.openUntil = now + this.pauseMs;
    this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
  }

  /**
   * Clair failed over an image. True: it has failed over so many, one after the other, that it counts as away: its database is, or the edge that it
   * fetches layers from. The same image again and again says nothing of the others.
   */
  failed(digest: string, reason: string): boolean {
    if (this.broken.size < BROKEN_IN_A_ROW) this.broken.add(digest);
    if (this.broken.size < BROKEN_IN_A_ROW) return false;
    this.away(reason);
    return true;
  }
}
