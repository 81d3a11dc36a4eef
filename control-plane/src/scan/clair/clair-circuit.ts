import type { Backoff } from '../../../../common/async/backoff';
import { CircuitBreaker } from '../../../../common/async/circuit-breaker';
import type { Clock } from '../../../../common/runtime/clock';

const COOL_DOWN: Backoff = { firstMs: 5_000, maxMs: 60_000 };
/** When it has failed over so many different images, and worked for none, the images are not to blame. */
const BROKEN_IN_A_ROW = 3;

/**
 * Tells whether Clair is worth asking: a {@link CircuitBreaker} that opens when Clair is away, and a
 * count of failures over images. After the cool-down somebody has to find out whether Clair is back
 * ({@link ClairCircuit.isProbeDue}) before images are sent to it again.
 */
export class ClairCircuit {
  private readonly breaker: CircuitBreaker;
  private readonly broken = new Set<string>();
  private busyUntil = 0;
  private why: string | undefined;

  constructor(private readonly clock: Clock) {
    this.breaker = new CircuitBreaker({ clock, coolDown: COOL_DOWN });
  }

  /** Why nothing is sent to Clair at present; undefined = it is there. */
  get reason(): string | undefined {
    return this.why;
  }

  /** Milliseconds until it is worth asking whether Clair is back; 0 = now, or it is there. */
  get pauseLeftMs(): number {
    return this.breaker.coolDownLeftMs;
  }

  /** Whether it is open and its pause over. */
  get isProbeDue(): boolean {
    return this.breaker.isHalfOpen;
  }

  /** How many images may be sent to Clair beside each other, of `most`. */
  room(most: number): number {
    if (!this.breaker.isClosed || this.busyUntil > this.clock.now()) return 0;
    return this.broken.size >= BROKEN_IN_A_ROW ? 1 : most;
  }

  /** Clair answers. */
  answered(): void {
    this.why = undefined;
    this.breaker.close({ keepCoolDown: this.broken.size >= BROKEN_IN_A_ROW });
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
    this.breaker.open();
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
