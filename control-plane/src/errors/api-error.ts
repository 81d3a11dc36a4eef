import type { ApiErrorCode } from './api-error-codes';

/**
 * An expected failure of the management API. The caller gets the message, so it says what is wrong
 * and what is allowed, and contains no secrets. Any other thrown error becomes INTERNAL, without
 * its message.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: ApiErrorCode,
    message: string,
    /** Path of the invalid argument, for example `input.proxyCache.upstream`. */
    readonly field?: string,
    /** Seconds until a retry makes sense. Sent as Retry-After if the whole request is refused. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}

/**
 * Returns whether a thrown value is an ApiError. Compares the shape, because classes differ between
 * the realms of tests.
 */
export function isApiError(thrown: unknown): thrown is ApiError {
  return thrown instanceof Error && thrown.name === 'ApiError' && 'code' in thrown;
}

/**
 * Returns a BAD_USER_INPUT error. The message is the field followed by `rule`, which states what is
 * allowed.
 */
export function badInput(field: string, rule: string): ApiError {
  return new ApiError('BAD_USER_INPUT', `${field} ${rule}`, field);
}
