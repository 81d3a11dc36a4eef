/**
 * Statuses with which registries answer requests for an API, a method or a media type that they do
 * not have. The OCI distribution specification ("Unavailable Referrers API") names 404. Others
 * answer 400, 406 (go-containerregistry accepts these two as well), 405, 410, 415, 422 or 501.
 */
const NO_SUCH_API: ReadonlySet<number> = new Set([400, 404, 405, 406, 410, 415, 422, 501]);

/**
 * Client errors that are no answer about the request (RFC 9110 section 15.5, RFC 4918 section 11.3,
 * RFC 8470 section 5.2): the proxy wants credentials (407), the request was slow (408), reached the
 * wrong server (421), or came too early (425), the thing is locked for a moment (423), or there
 * were too many requests (429).
 */
const NO_ANSWER: ReadonlySet<number> = new Set([407, 408, 421, 423, 425, 429]);

/** Statuses that refuse the reader: they depend on who asks. 451 is RFC 7725. */
const DENIED: ReadonlySet<number> = new Set([401, 403, 451]);

/** Statuses that say that the requested thing does not exist. */
const GONE: ReadonlySet<number> = new Set([404, 410]);

/**
 * Statuses with which registries refuse a page of tags that is too large for them: Amazon ECR and
 * distribution 3.1 answer 400 above 1,000 tags (go-containerregistry issue 681, distribution issue
 * 4844), others 413, 416 or 422.
 */
const PAGE_TOO_LARGE: ReadonlySet<number> = new Set([400, 413, 414, 416, 422]);

/**
 * Client errors with which registries refuse by policy what they know: payment (402), and the
 * preconditions of a project, as in Harbor (412).
 */
const POLICY: ReadonlySet<number> = new Set([402, 412]);

/**
 * Statuses of a request for an optional API after which another way is tried: those of a missing
 * API, and every other client error that is no refusal and no limit. As a list for requests that
 * must not treat them as errors.
 */
export const OTHER_WAY_STATUSES: readonly number[] = Array.from({ length: 102 }, (_, index) => 400 + index).filter(
  (status) => NO_SUCH_API.has(status) || (status < 500 && refusesRequest(status) && !POLICY.has(status)),
);

/** Statuses that {@link refusesPageSize} accepts, as a list like {@link OTHER_WAY_STATUSES}. */
export const PAGE_TOO_LARGE_STATUSES: readonly number[] = [...PAGE_TOO_LARGE];

/** Returns whether a status means that the registry does not have the requested API. */
export function saysNoSuchApi(status: number): boolean {
  return NO_SUCH_API.has(status);
}

/** Returns whether a status may mean that a page of tags was requested that is too large. */
export function refusesPageSize(status: number): boolean {
  return PAGE_TOO_LARGE.has(status);
}

/**
 * Returns whether a status is an answer about the request itself: the registry does not accept it,
 * and would not accept it later either. Such an answer is not an outage
 * (docs/design/pull-semantics.md#upstream-failures).
 */
export function refusesRequest(status: number): boolean {
  if (status === 501) return true;
  return status >= 400 && status < 500 && !NO_ANSWER.has(status) && !DENIED.has(status) && !GONE.has(status);
}
