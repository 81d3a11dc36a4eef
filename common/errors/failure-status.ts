/**
 * Returns the cache status of a request that was answered with an error
 * (docs/design/pull-semantics.md#cache-status). REFUSED is only for what somebody decided: what
 * does not exist, a limit and a failure are ERROR.
 */
export function failureStatus(httpStatus: number): 'REFUSED' | 'ERROR' {
  return httpStatus >= 500 || httpStatus === 404 || httpStatus === 429 ? 'ERROR' : 'REFUSED';
}
