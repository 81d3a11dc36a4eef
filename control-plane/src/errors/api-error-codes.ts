/** The meaning of an error code of the management API, and its HTTP status. */
export interface ApiErrorEntry {
  readonly meaning: string;
  /**
   * The status if the whole request fails before it runs. An error of one field leaves the status
   * at 200 (GraphQL over HTTP).
   */
  readonly http: number;
}

/** Every `extensions.code` of the management API. There are no others. */
export const API_ERROR_CODES = {
  BAD_USER_INPUT: entry('A value is not allowed; `extensions.field` is its path. Nothing changed.', 400),
  UNAUTHENTICATED: entry('The token is missing, unknown, expired or revoked.', 401),
  FORBIDDEN: entry('The token is valid, but its role or organization does not allow this.', 403),
  NOT_FOUND: entry('The named object does not exist; `extensions.field` is the argument with the name.', 404),
  CONFLICT: entry(
    'The name or host is already in use, or another change happened at the same time; ' +
      '`extensions.field` is the argument.',
    409,
  ),
  VERSION_CONFLICT: entry('The object is not at `expectedVersion`. Read it again. Nothing changed.', 409),
  LIMIT_EXCEEDED: entry(
    'The query is too deep, too large or too costly, or it is part of a batch; the message names ' +
      'the limit. Nothing ran.',
    400,
  ),
  RATE_LIMITED: entry(
    'The token has made too many requests, or too many unknown tokens came from the address; ' +
      'Retry-After says when to retry. Nothing ran.',
    429,
  ),
  UNAVAILABLE: entry('A required part of Layover does not answer. Nothing changed; try again.', 503),
  GRAPHQL_PARSE_FAILED: entry('The query is not valid GraphQL syntax.', 400),
  GRAPHQL_VALIDATION_FAILED: entry('The query does not match the schema.', 400),
  BAD_REQUEST: entry('The HTTP request is not a GraphQL request, or a browser form could have sent it (CSRF).', 400),
  INTERNAL: entry('An internal error. The cause is in the log of the control plane.', 500),
} as const satisfies Record<string, ApiErrorEntry>;

/** A code of the table. */
export type ApiErrorCode = keyof typeof API_ERROR_CODES;

/** Returns whether a value is one of the codes. */
export function isApiErrorCode(text: unknown): text is ApiErrorCode {
  return typeof text === 'string' && Object.hasOwn(API_ERROR_CODES, text);
}

function entry(meaning: string, http: number): ApiErrorEntry {
  return { meaning, http };
}
