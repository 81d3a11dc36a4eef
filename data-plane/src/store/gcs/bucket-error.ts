import { LayoverError } from '../../../../common/errors/layover-error';
import { toStoreError } from '../store-error';

/** Answers after which the same request may succeed (Cloud Storage, "Retry strategy"). */
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

/** What went wrong between us and the bucket. The message completes "its bucket …" and names neither bucket, object nor session. */
export class BucketError extends Error {
  override readonly name = 'BucketError';

  constructor(
    message: string,
    /** Whether the same request may succeed in a moment. */
    readonly transient: boolean,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** The error that a status means, where it is not one of those that the request expects. */
export function unexpectedStatus(status: number): BucketError {
  const hint = status === 401 || status === 403 ? ': our credentials may not do this' : '';
  return new BucketError(`answered ${status}${hint}`, TRANSIENT.has(status));
}

/** An answer that can't be understood. */
export function strangeAnswer(what: string, cause?: unknown): BucketError {
  return new BucketError(`answered ${what}`, false, cause);
}

/** Whether another try makes sense. */
export function isTransient(thrown: unknown): boolean {
  return thrown instanceof BucketError && thrown.transient;
}

/** Any failure as STORE_FAILED or STORE_FULL; expected ones (CANCELLED) pass through. `what` completes "could not …" and is shown to clients. */
export function toGcsStoreError(thrown: unknown, what: string): LayoverError {
  if (!(thrown instanceof BucketError)) return toStoreError(thrown, what);
  return new LayoverError('STORE_FAILED', {
    message: `Layover could not ${what}: its bucket ${thrown.message}`,
    cause: thrown.cause ?? thrown,
  });
}
