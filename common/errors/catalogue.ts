import { status as Grpc } from '@grpc/grpc-js';

/** One kind of failure, with its representation in each protocol. */
export interface ErrorEntry {
  /**
   * Code in OCI error bodies (OCI distribution specification, "Error Codes"). UNAVAILABLE and
   * UNKNOWN are not in the specification; Docker uses them too.
   */
  readonly code: string;
  /** Message for clients if the {@link LayoverError} has none of its own. */
  readonly message: string;
  readonly http: number;
  readonly grpc: Grpc;
  /** True if the same request may succeed later without a change by the caller. */
  readonly retryable: boolean;
}

/**
 * All failures that the edge and the data plane can answer with. This is the only place that maps
 * failures to statuses. Keys name the failure, not its representation.
 */
export const ERROR_CATALOGUE = {
  NAME_INVALID: entry('NAME_INVALID', 'The repository name is invalid.', 400, Grpc.INVALID_ARGUMENT, false),
  // 404: no manifest can have such a tag, and the OCI conformance tests expect it.
  TAG_INVALID: entry('TAG_INVALID', 'The tag is invalid.', 404, Grpc.INVALID_ARGUMENT, false),
  DIGEST_INVALID: entry('DIGEST_INVALID', 'The digest is invalid.', 400, Grpc.INVALID_ARGUMENT, false),
  PAGINATION_INVALID: entry(
    'PAGINATION_NUMBER_INVALID',
    'The page size is invalid.',
    400,
    Grpc.INVALID_ARGUMENT,
    false,
  ),
  REQUEST_INVALID: entry('UNSUPPORTED', 'The request is invalid.', 400, Grpc.INVALID_ARGUMENT, false),
  URI_TOO_LONG: entry('NAME_INVALID', 'The request path is too long.', 414, Grpc.INVALID_ARGUMENT, false),
  RANGE_INVALID: entry('RANGE_INVALID', 'The requested range is outside the blob.', 416, Grpc.OUT_OF_RANGE, false),
  NOT_FOUND: entry(
    'NOT_FOUND',
    'Unknown path. Layover serves the OCI distribution API under /v2/.',
    404,
    Grpc.NOT_FOUND,
    false,
  ),
  WRITE_UNSUPPORTED: entry(
    'UNSUPPORTED',
    'Layover is a pull-through cache and does not accept pushes.',
    405,
    Grpc.UNIMPLEMENTED,
    false,
  ),
  NAME_UNKNOWN: entry('NAME_UNKNOWN', 'The repository is unknown.', 404, Grpc.NOT_FOUND, false),
  MANIFEST_UNKNOWN: entry('MANIFEST_UNKNOWN', 'The manifest is unknown.', 404, Grpc.NOT_FOUND, false),
  BLOB_UNKNOWN: entry('BLOB_UNKNOWN', 'The blob is unknown.', 404, Grpc.NOT_FOUND, false),
  UNAUTHORIZED: entry('UNAUTHORIZED', 'Authentication is required.', 401, Grpc.UNAUTHENTICATED, false),
  DENIED: entry('DENIED', 'Access is denied.', 403, Grpc.PERMISSION_DENIED, false),
  PROXY_DISABLED: entry('DENIED', 'Proxying is disabled.', 403, Grpc.PERMISSION_DENIED, false),
  QUOTA_EXCEEDED: entry('DENIED', 'Quota has been exceeded on namespace', 403, Grpc.PERMISSION_DENIED, false),
  UPSTREAM_DENIED: entry(
    'DENIED',
    'The upstream rejected the configured credentials.',
    403,
    Grpc.PERMISSION_DENIED,
    false,
  ),
  UPSTREAM_ADDRESS_REFUSED: entry(
    'UNAVAILABLE',
    'The address of the upstream is not in an allowed network.',
    502,
    Grpc.UNAVAILABLE,
    false,
  ),
  TOO_MANY_REQUESTS: entry(
    'TOOMANYREQUESTS',
    'The upstream limits the rate of requests.',
    429,
    Grpc.RESOURCE_EXHAUSTED,
    true,
  ),
  TOO_MANY_LOGINS: entry('TOOMANYREQUESTS', 'Too many logins failed.', 429, Grpc.RESOURCE_EXHAUSTED, false),
  LOOP_DETECTED: entry(
    'UNSUPPORTED',
    'The request passed through this Layover before, or through too many others.',
    508,
    Grpc.FAILED_PRECONDITION,
    false,
  ),
  UPSTREAM_UNREACHABLE: entry('UNAVAILABLE', 'The upstream is unreachable.', 502, Grpc.UNAVAILABLE, true),
  UPSTREAM_FAILED: entry('UNAVAILABLE', 'The upstream failed.', 502, Grpc.UNAVAILABLE, true),
  UPSTREAM_REFUSED_REQUEST: entry(
    'UNSUPPORTED',
    'The upstream did not accept the request.',
    502,
    Grpc.FAILED_PRECONDITION,
    false,
  ),
  UPSTREAM_TIMEOUT: entry('UNAVAILABLE', 'The upstream did not answer in time.', 504, Grpc.DEADLINE_EXCEEDED, true),
  UPSTREAM_TLS: entry('UNAVAILABLE', 'The certificate of the upstream is not trusted.', 502, Grpc.UNAVAILABLE, false),
  UPSTREAM_CONTENT: entry('UNAVAILABLE', 'The upstream sent unexpected content.', 502, Grpc.DATA_LOSS, true),
  // 507: RFC 4918 section 11.5.
  STORE_FULL: entry('UNAVAILABLE', 'The disk of the data plane is full.', 507, Grpc.UNAVAILABLE, true),
  STORE_UNREACHABLE: entry('UNAVAILABLE', 'The blob store cannot be reached.', 503, Grpc.UNAVAILABLE, true),
  STORE_FAILED: entry('UNAVAILABLE', 'The blob store failed.', 503, Grpc.UNAVAILABLE, true),
  NOT_READY: entry('UNAVAILABLE', 'Layover is not ready yet.', 503, Grpc.UNAVAILABLE, true),
  DATA_PLANE_UNAVAILABLE: entry('UNAVAILABLE', 'The data plane is unreachable.', 503, Grpc.UNAVAILABLE, true),
  TIMEOUT: entry('UNAVAILABLE', 'The request timed out.', 504, Grpc.DEADLINE_EXCEEDED, true),
  CANCELLED: entry('UNKNOWN', 'The client cancelled the request.', 499, Grpc.CANCELLED, true),
  INTERNAL: entry('UNKNOWN', 'An internal error occurred in Layover.', 500, Grpc.INTERNAL, false),
} as const satisfies Record<string, ErrorEntry>;

/** A name in the catalogue. */
export type ErrorKey = keyof typeof ERROR_CATALOGUE;

/** Returns true if a text, for example from another process, is a key of the catalogue. */
export function isErrorKey(text: string): text is ErrorKey {
  return Object.hasOwn(ERROR_CATALOGUE, text);
}

/**
 * Statuses of an upstream that are passed on with UPSTREAM_REFUSED_REQUEST, because they tell the
 * client what the upstream would have told it: what it asked for is not accepted, and the same
 * request fails again. 405 is not one of them: Layover itself allows the method.
 */
const PASSED_ON: ReadonlySet<number> = new Set([400, 406, 413, 414, 415, 422, 501]);

/** Returns the catalogue entry of one failure, with the status that its answer has. */
export function entryOf(key: ErrorKey, upstreamStatus: number | undefined): ErrorEntry {
  const common: ErrorEntry = ERROR_CATALOGUE[key];
  const passedOn = key === 'UPSTREAM_REFUSED_REQUEST' && upstreamStatus !== undefined && PASSED_ON.has(upstreamStatus);
  return passedOn ? { ...common, http: upstreamStatus } : common;
}

function entry(code: string, message: string, http: number, grpc: Grpc, retryable: boolean): ErrorEntry {
  return { code, message, http, grpc, retryable };
}
