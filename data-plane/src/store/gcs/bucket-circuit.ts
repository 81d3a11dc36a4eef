import { CircuitBreaker } from '../../../../common/async/circuit-breaker';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import { BucketError } from './bucket-error';

/** Cool-down after a failure, in milliseconds. One request at a time is the next probe. */
const COOL_DOWN = { firstMs: 2_000, maxMs: 30_000 };

/**
 * Makes the requests to the bucket that a client waits for. While the bucket is away, one request
 * after each cool-down finds out whether it is back, and all others fail at once, so that their
 * content is fetched from the upstream without delay (ADR 56).
 */
export class BucketCircuit {
  private readonly breaker: CircuitBreaker;

  constructor(
    clock: Clock,
    private readonly logger: Logger,
  ) {
    this.breaker = new CircuitBreaker({ clock, coolDown: COOL_DOWN });
  }

  /**
   * Makes a request. Throws STORE_UNREACHABLE if the bucket gave no answer, refused the credentials
   * or was found away a moment ago, and what the request throws otherwise. `what` completes "could
   * not …".
   */
  async run<T>(what: string, request: () => Promise<T>): Promise<T> {
    const wasClosed = this.breaker.isClosed;
    const openError = (): Error =>
      unreachable(what, 'did not answer a moment ago; Layover tries again in a few seconds');
    try {
      const result = await this.breaker.run(request, { isFailure: isAway, openError });
      if (!wasClosed) this.logger.info('The bucket of the blob store answers again');
      return result;
    } catch (error) {
      if (!isAway(error)) throw error;
      const message = 'The bucket of the blob store cannot be used; content is fetched from upstreams meanwhile';
      if (wasClosed && !this.breaker.isClosed) this.logger.warn({ err: error }, message);
      throw unreachable(what, error.message, error);
    }
  }
}

function isAway(error: unknown): error is BucketError {
  return error instanceof BucketError && (error.transient || error.isRefusal);
}

function unreachable(what: string, why: string, cause?: BucketError): LayoverError {
  return new LayoverError('STORE_UNREACHABLE', {
    message: `Layover could not ${what}: its bucket ${why}`,
    ...(cause === undefined ? {} : { cause: cause.cause ?? cause }),
  });
}
