import type { Clock } from '../runtime/clock';
import { type Backoff, backoffDelay } from './backoff';

/** What a circuit breaker needs. */
export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** How long the circuit stays open after one failure, a second one in a row, and so on. */
  readonly coolDown: Backoff;
}

/** How a call through a circuit breaker is judged. */
export interface BreakerCall {
  /** Whether the error says that the peer is away. Other errors are answers: they close the circuit. */
  readonly isFailure: (error: unknown) => boolean;
  /** Creates the error of a call that is not made because the circuit is open. */
  readonly openError: () => Error;
  /** Whether the peer is known to be back: a probe is then made before the cool-down is over. */
  readonly isBack?: () => boolean;
}

/**
 * Keeps callers from waiting for a peer that is away. A failure opens the circuit for a cool-down
 * that grows from failure to failure; then it is half open, and whoever tries first (the probe)
 * closes it or opens it again.
 */
export class CircuitBreaker {
  private openUntil: number | undefined;
  private failures = 0;
  private isProbing = false;

  constructor(private readonly options: CircuitBreakerOptions) {}

  /** Whether the peer counts as there. */
  get isClosed(): boolean {
    return this.openUntil === undefined;
  }

  /** Milliseconds until a probe makes sense; 0 = now, or the circuit is closed. */
  get coolDownLeftMs(): number {
    return this.openUntil === undefined ? 0 : Math.max(0, this.openUntil - this.options.clock.now());
  }

  /** Whether the cool-down is over and nobody knows yet whether the peer is back. */
  get isHalfOpen(): boolean {
    return this.openUntil !== undefined && this.coolDownLeftMs === 0;
  }

  /** The peer is away: opens the circuit. Failures during the cool-down change nothing. */
  open(): void {
    if (this.coolDownLeftMs > 0) return;
    this.failures += 1;
    this.openUntil = this.options.clock.now() + backoffDelay(this.options.coolDown, this.failures);
  }

  /** The peer is back: closes the circuit. The next cool-down is the first one again, unless `keepCoolDown`. */
  close({ keepCoolDown = false }: { readonly keepCoolDown?: boolean } = {}): void {
    this.openUntil = undefined;
    if (!keepCoolDown) this.failures = 0;
  }

  /**
   * Makes a call if the circuit is closed. Half open, one call at a time is the probe; the others are
   * refused like those during the cool-down: with `openError`, without waiting.
   */
  async run<T>(call: () => Promise<T>, { isFailure, openError, isBack = () => false }: BreakerCall): Promise<T> {
    const isProbe = !this.isClosed;
    if (isProbe) {
      if (this.isProbing || !(this.isHalfOpen || isBack())) throw openError();
      this.isProbing = true;
      // A probe before the end of the cool-down begins a new one when it fails.
      this.openUntil = this.options.clock.now();
    }
    try {
      const result = await call();
      this.close();
      return result;
    } catch (error) {
      if (isFailure(error)) this.open();
      else this.close();
      throw error;
    } finally {
      if (isProbe) this.isProbing = false;
    }
  }
}
