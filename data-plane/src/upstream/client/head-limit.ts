/**
 * Returns the time limit for the response headers of a HEAD, in milliseconds. It is a third of the
 * limit for a GET, so that there is time for the GET before clients give up: a HEAD that is not
 * answered refuses nothing (docs/design/pull-semantics.md#head-at-the-upstream).
 */
export function headLimitMs(headersMs: number): number {
  return Math.ceil(headersMs / 3);
}
