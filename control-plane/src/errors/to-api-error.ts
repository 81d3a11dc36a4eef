import { whyUnavailable } from '../db/database-error';
import { ApiError, isApiError } from './api-error';

/**
 * Returns the error that a caller of the management API gets: an ApiError unchanged, UNAVAILABLE if
 * the database is unavailable, or undefined for INTERNAL.
 */
export function toApiError(thrown: unknown): ApiError | undefined {
  if (isApiError(thrown)) return thrown;
  const reason = whyUnavailable(thrown);
  return reason === undefined ? undefined : new ApiError('UNAVAILABLE', reason);
}
