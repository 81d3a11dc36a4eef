import { CircuitBreaker } from '../../../common/async/circuit-breaker';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';

/** How a call to the control plane failed, as far as the circuit cares. */
export type CallFailure = 'answered' | 'unreachable' | 'timed-out';

/** What a circuit needs. */
export interface ControlPlaneCircuitOptions {
  readonly clock: Clock;
  /** How long calls fail at once after a failed one, in milliseconds. */
  readonly coolDownMs: number;
  /** Whether the connection is established now. */
  readonly isConnected: () => boolean;
}

/**
 * Keeps pulls from waiting for a control plane that is away: see {@link CircuitBreaker}. An
 * established connection ends the cool-down after an unreachable control plane, not after a silent
 * one: a process that hangs keeps its connection.
 */
export class ControlPlaneCircuit {
  private readonly breaker: CircuitBreaker;
  private lastFailure: CallFailure | undefined;

  constructor(private readonly options: ControlPlaneCircuitOptions) {
    const { clock, coolDownMs } = options;
    this.breaker = new CircuitBreaker({ clock, coolDown: { firstMs: coolDownMs, maxMs: coolDownMs } });
  }

  /** Runs a call. Throws NOT_READY without calling while the circuit is open, else what the call threw. */
  run<T>(call: () => Promise<T>, classify: (error: unknown) => CallFailure): Promise<T> {
    return this.breaker.run(call, {
      isFailure: (error) => {
        this.lastFailure = classify(error);
        return this.lastFailure !== 'answered';
      },
      openError: () =>
        new LayoverError('NOT_READY', { message: 'the control plane cannot be reached; it was tried a moment ago' }),
      isBack: () => this.lastFailure === 'unreachable' && this.options.isConnected(),
    });
  }
}
