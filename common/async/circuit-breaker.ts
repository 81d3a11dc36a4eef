import type { Clock } from '../runtime/clock';
import { type Backoff, backoffDelay } from './backoff';

/** Dependencies of a circuit breaker, and how long it stays open. */
export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** Cool-down after the first failure, after the second one in a row, and so on. */
  readonly coolDown: Backoff;
}

/** How the result of one call changes the circuit. */
export interface BreakerCall {
  /**
   * Returns true if the error means that the peer is unreachable. Any other error is an answer of
   * the peer and closes the circuit.
   */
  readonly isFailure: (error: unknown) => boolean;
  /** Creates the error that a caller gets if the circuit is open and the call is not made. */
  readonly openError: () => Error;
  /**
   * Returns true if the peer is known to be back. A probe is then allowed before the cool-down
   * ends.
   */
  readonly isBack?: () => boolean;
}

/**
 * Protects callers from waiting for an unreachable peer. A failure opens the circuit for a
 * cool-down that grows with each failure. After the cool-down the circuit is half open: the next
 * call is the probe, which closes the circuit or opens it again.
 */
export class CircuitBreaker {
  private openUntil: number | undefined;
  private failures = 0;
  private isProbing = false;

  constructor(private readonly options: CircuitBreakerOptions) {}

  /** True if calls are made without restriction. */
  get isClosed(): boolean {
    return this.openUntil === undefined;
  }

  /**
   * Milliseconds until a probe is allowed; 0 if a probe is allowed now or the circuit is closed.
   */
  get coolDownLeftMs(): number {
    return this.openUntil === undefined ? 0 : Math.max(0, this.openUntil - this.options.clock.steady());
  }

  /** True if the cool-down is over and no probe has ended yet. */
  get isHalfOpen(): boolean {
    return this.openUntil !== undefined && this.coolDownLeftMs === 0;
  }

  /** Opens the circuit because the peer is unreachable. Does nothing during a cool-down. */
  open(): void {
    if (this.coolDownLeftMs > 0) return;
    this.failures += 1;
    this.openUntil = this.options.clock.steady() + backoffDelay(this.options.coolDown, this.failures);
  }

  /**
   * Closes the circuit because the peer is back. Resets the length of the cool-down unless
   * `keepCoolDown` is set.
   */
  close({ keepCoolDown = false }: { readonly keepCoolDown?: boolean } = {}): void {
    this.openUntil = undefined;
    if (!keepCoolDown) this.failures = 0;
  }

  /**
   * Makes a call if the circuit is closed. While it is half open, one call at a time is made as the
   * probe. All other calls are rejected at once with `openError`.
   */
  async run<T>(call: () => Promise<T>, { isFailure, openError, isBack = () => false }: BreakerCall): Promise<T> {
    const isProbe = !this.isClosed;
    if (isProbe) {
      if (this.isProbing || !(this.isHalfOpen || isBack())) throw openError();
      this.isProbing = true;
      // A probe that starts before the cool-down ends starts a new cool-down if it fails.
      this.openUntil = this.options.clock.steady();
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
