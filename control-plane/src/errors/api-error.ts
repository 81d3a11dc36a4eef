import type { ApiErrorCode } from './api-error-codes';

/**
 * An expected failure of the management API. The message goes to the caller: it says what is wrong and what is allowed,
 * and holds no secret. Anything else that is thrown is answered as INTERNAL without its text.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly code: ApiErrorCode,
    message: string,
    /** Path of the argument that is to blame, for example `input.proxyCache.upstream`. */
    readonly field?: string,
    /** Seconds after which it is worth trying again; a Retry-After header where the whole request is refused. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}

/** Whether a thrown thing is an expected failure (by its shape: classes differ between test realms). */
export function isApiError(thrown: unknown): thrown is ApiError {
  return thrown instanceof Error && thrown.name === 'ApiError' && 'code' in thrown;
}

/** A value that is not allowed. The message completes "<field> …" and says the allowed range. */
export function badInput(field: string, rule: string): ApiError {
  return new ApiError('BAD_USER_INPUT', `${field} ${rule}`, field);
}
