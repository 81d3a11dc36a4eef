import { CircuitBreaker } from '../../../common/async/circuit-breaker';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';

/** How a call to the control plane failed, as the circuit breaker distinguishes it. */
export type CallFailure = 'answered' | 'unreachable' | 'timed-out';

/** The parameters of a {@link ControlPlaneCircuit}. */
export interface ControlPlaneCircuitOptions {
  readonly clock: Clock;
  /** How long calls fail immediately after a failure, in milliseconds. */
  readonly coolDownMs: number;
  /** Returns whether the connection is established now. */
  readonly isConnected: () => boolean;
}

/**
 * Keeps pulls from waiting for an unreachable control plane; see {@link CircuitBreaker}. A new
 * connection ends the cool-down if the control plane was unreachable, but not after a timeout: a
 * process that hangs keeps its connection.
 */
export class ControlPlaneCircuit {
  private readonly breaker: CircuitBreaker;
  private lastFailure: CallFailure | undefined;

  constructor(private readonly options: ControlPlaneCircuitOptions) {
    const { clock, coolDownMs } = options;
    this.breaker = new CircuitBreaker({ clock, coolDown: { firstMs: coolDownMs, maxMs: coolDownMs } });
  }

  /** True if calls are made without restriction. */
  get isClosed(): boolean {
    return this.breaker.isClosed;
  }

  /**
   * Runs a call. Throws NOT_READY without a call while the circuit is open; otherwise throws the
   * error of the call.
   */
  run<T>(call: () => Promise<T>, classify: (error: unknown) => CallFailure): Promise<T> {
    return this.breaker.run(call, {
      isFailure: (error) => {
        this.lastFailure = classify(error);
        return this.lastFailure !== 'answered';
      },
      openError: () =>
        new LayoverError('NOT_READY', {
          message: 'the control plane is unreachable; the last attempt failed a moment ago',
        }),
      isBack: () => this.lastFailure === 'unreachable' && this.options.isConnected(),
    });
  }
}
