import type { Backoff } from '../../../../common/async/backoff';
import { CircuitBreaker } from '../../../../common/async/circuit-breaker';
import type { Clock } from '../../../../common/runtime/clock';

const COOL_DOWN: Backoff = { firstMs: 5_000, maxMs: 60_000 };
/**
 * If Clair fails on this many different images, without a success in between, the images are not
 * the cause.
 */
const BROKEN_IN_A_ROW = 3;

/**
 * Tells whether requests to Clair make sense: a {@link CircuitBreaker} that opens when Clair is
 * unavailable, and a count of images that failed in a row. After the cool-down, one request must
 * check that Clair is back ({@link ClairCircuit.isProbeDue}) before images are sent to it again.
 */
export class ClairCircuit {
  private readonly breaker: CircuitBreaker;
  private readonly broken = new Set<string>();
  private busyUntil = 0;
  private why: string | undefined;

  constructor(private readonly clock: Clock) {
    this.breaker = new CircuitBreaker({ clock, coolDown: COOL_DOWN });
  }

  /** Why nothing is sent to Clair at present; undefined if Clair is available. */
  get reason(): string | undefined {
    return this.why;
  }

  /**
   * Milliseconds until it makes sense to check whether Clair is back; 0 for now, or if it is
   * available.
   */
  get pauseLeftMs(): number {
    return this.breaker.coolDownLeftMs;
  }

  /** Whether the circuit is open and its cool-down is over. */
  get isProbeDue(): boolean {
    return this.breaker.isHalfOpen;
  }

  /** Returns how many of `most` images may be sent to Clair at the same time. */
  room(most: number): number {
    if (!this.breaker.isClosed || this.busyUntil > this.clock.now()) return 0;
    return this.broken.size >= BROKEN_IN_A_ROW ? 1 : most;
  }

  /** Records that Clair answered. */
  answered(): void {
    this.why = undefined;
    this.breaker.close({ keepCoolDown: this.broken.size >= BROKEN_IN_A_ROW });
  }

  /** Records that Clair indexed or refused an image, as it should. */
  worked(): void {
    this.broken.clear();
    this.answered();
  }

  /** Records that Clair is overloaded. It gets no images for `ms` milliseconds. */
  busy(ms: number): void {
    this.busyUntil = this.clock.now() + ms;
  }

  /** Records that Clair is unavailable. */
  away(reason: string): void {
    this.why = reason;
    this.breaker.open();
  }

  /**
   * Records that Clair failed on an image. Returns true if it has failed on so many images in a row
   * that it counts as unavailable; then the cause is its database, or the edge that it fetches
   * layers from. Repeated failures of one image say nothing about others.
   */
  failed(digest: string, reason: string): boolean {
    if (this.broken.size < BROKEN_IN_A_ROW) this.broken.add(digest);
    if (this.broken.size < BROKEN_IN_A_ROW) return false;
    this.away(reason);
    return true;
  }
}
