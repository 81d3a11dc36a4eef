/** What a code of the management API means, and the HTTP status where it refuses a whole request. */
export interface ApiErrorEntry {
  readonly meaning: string;
  /** Answered when the request fails before anything runs; an error of one field leaves the status at 200 (GraphQL over HTTP). */
  readonly http: number;
}

/** Every `extensions.code` that the management API answers with; there are no others. */
export const API_ERROR_CODES = {
  BAD_USER_INPUT: entry('A value is outside what is allowed; `extensions.field` has its path. Nothing changed.', 400),
  UNAUTHENTICATED: entry('No token, or one that is unknown, expired or revoked.', 401),
  FORBIDDEN: entry('The token is good, but its role or organization does not allow this.', 403),
  NOT_FOUND: entry('What is named does not exist; `extensions.field` says which name.', 404),
  CONFLICT: entry('Another object has this name or host, or two changes met; `extensions.field` says where.', 409),
  VERSION_CONFLICT: entry('The object is not at `expectedVersion`: read it again. Nothing changed.', 409),
  LIMIT_EXCEEDED: entry(
    'The query is too deep, too large or too costly, or one of a batch; the message has the limit. Nothing ran.',
    400,
  ),
  RATE_LIMITED: entry('The token has made too many requests; Retry-After says when to go on. Nothing ran.', 429),
  UNAVAILABLE: entry('Another part of Layover that is needed here does not answer. Nothing changed; try again.', 503),
  GRAPHQL_PARSE_FAILED: entry('The query is not GraphQL.', 400),
  GRAPHQL_VALIDATION_FAILED: entry('The query does not fit the schema.', 400),
  BAD_REQUEST: entry('The HTTP request is not a GraphQL request, or could come from a browser form (CSRF).', 400),
  INTERNAL: entry('Layover failed. The cause is in the log of the control plane.', 500),
} as const satisfies Record<string, ApiErrorEntry>;

/** A code in the table. */
export type ApiErrorCode = keyof typeof API_ERROR_CODES;

/** Whether a text that came from elsewhere is one of the codes. */
export function isApiErrorCode(text: unknown): text is ApiErrorCode {
  return typeof text === 'string' && Object.hasOwn(API_ERROR_CODES, text);
}

function entry(meaning: string, http: number): ApiErrorEntry {
  return { meaning, http };
}
