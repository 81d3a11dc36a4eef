import type { Clock } from '../../../common/runtime/clock';
import { LayoverError } from '../../../common/errors/layover-error';

/** How a call through a circuit failed, as far as the circuit cares. */
export type CallFailure = 'answered' | 'unreachable' | 'timed-out';

/** What a circuit needs. */
export interface CircuitOptions {
  readonly clock: Clock;
  /** How long calls fail at once after a failed one, in milliseconds. */
  readonly coolDownMs: number;
  /** Whether the connection stands now: then a peer that could not be reached a moment ago can be. */
  readonly connected: () => boolean;
}

/**
 * Keeps callers from waiting for a peer that is away: after a call that found it unreachable or silent, calls fail at once for
 * the cool-down; then a single call tries while the others still fail at once. A connection that stands ends the
 * cool-down after an unreachable peer, not after a silent one: a peer that hangs keeps its connection.
 */
export class Circuit {
  private state: { readonly failure: 'unreachable' | 'timed-out'; readonly until: number } | undefined;
  private probing = false;

  constructor(private readonly options: CircuitOptions) {}

  /** Runs a call. Throws NOT_READY without calling while the circuit is open, else what the call threw; `classify` says what that means. */
  async run<T>(call: () => Promise<T>, classify: (error: unknown) => CallFailure): Promise<T> {
    const probe = this.state !== undefined;
    if (probe && !this.mayTry()) {
      throw new LayoverError('NOT_READY', {
        message: 'the control plane cannot be reached; it was tried a moment ago',
      });
    }
    if (probe) this.probing = true;
    try {
      const result = await call();
      this.state = undefined;
      return result;
    } catch (error) {
      const failure = classify(error);
      this.state =
        failure === 'answered' ? undefined : { failure, until: this.options.clock.now() + this.options.coolDownMs };
      throw error;
    } finally {
      if (probe) this.probing = false;
    }
  }

  private mayTry(): boolean {
    if (this.state === undefined) return true;
    if (this.probing) return false;
    if (this.state.failure === 'unreachable' && this.options.connected()) return true;
    return this.options.clock.now() >= this.state.until;
  }
}
