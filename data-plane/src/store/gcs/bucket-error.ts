import { LayoverError } from '../../../../common/errors/layover-error';
import { toStoreError } from '../store-error';

/** Statuses after which the same request may succeed (Cloud Storage, "Retry strategy"). */
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

/**
 * A failure of a request to the bucket. The message completes "its bucket …" and names no bucket,
 * object or upload session.
 */
export class BucketError extends Error {
  override readonly name = 'BucketError';

  constructor(
    message: string,
    /** Whether the same request may succeed in a moment. */
    readonly transient: boolean,
    cause?: unknown,
    /** Whether the bucket refused the credentials of Layover. */
    readonly isRefusal = false,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** Returns the error for a status that the request does not expect. */
export function unexpectedStatus(status: number): BucketError {
  const isRefusal = status === 401 || status === 403;
  const hint = isRefusal ? ': the credentials of Layover lack the permission for this' : '';
  return new BucketError(`answered ${status}${hint}`, TRANSIENT.has(status), undefined, isRefusal);
}

/** Returns the error for an invalid answer. `what` completes "its bucket answered …". */
export function invalidAnswer(what: string, cause?: unknown): BucketError {
  return new BucketError(`answered ${what}`, false, cause);
}

/** Returns whether a retry makes sense. */
export function isTransientBucketError(thrown: unknown): boolean {
  return thrown instanceof BucketError && thrown.transient;
}

/**
 * Converts a failure to STORE_FAILED or STORE_FULL; LayoverErrors such as CANCELLED pass through.
 * `what` completes "could not …" and is shown to clients.
 */
export function toGcsStoreError(thrown: unknown, what: string): LayoverError {
  if (!(thrown instanceof BucketError)) return toStoreError(thrown, what);
  return new LayoverError('STORE_FAILED', {
    message: `Layover could not ${what}: its bucket ${thrown.message}`,
    cause: thrown.cause ?? thrown,
  });
}
