import { whyUnavailable } from '../db/database-error';
import { ApiError, isApiError } from './api-error';

/** What a caller of the management API is told of a failure: an expected one as it is, UNAVAILABLE for a database that is away; undefined = INTERNAL. */
export function toApiError(thrown: unknown): ApiError | undefined {
  if (isApiError(thrown)) return thrown;
  const reason = whyUnavailable(thrown);
  return reason === undefined ? undefined : new ApiError('UNAVAILABLE', reason);
}
