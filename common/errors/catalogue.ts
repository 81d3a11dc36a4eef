import { status as Grpc } from '@grpc/grpc-js';

/** One kind of failure, as every protocol of Layover says it. */
export interface ErrorEntry {
  /** Code in OCI error bodies (OCI distribution specification, "Error Codes"; UNAVAILABLE and UNKNOWN are ours and Docker's). */
  readonly code: string;
  /** What a client reads where the place of failure has nothing better to say. */
  readonly message: string;
  readonly http: number;
  readonly grpc: Grpc;
  /** Whether the same request can succeed later with nothing changed by the caller. */
  readonly retryable: boolean;
}

/**
 * Every failure that Layover's edge and data plane can answer with. Statuses are decided here and nowhere else.
 * Names say what happened, not how it is shown.
 */
export const ERROR_CATALOGUE = {
  NAME_INVALID: entry('NAME_INVALID', 'the repository name is not valid', 400, Grpc.INVALID_ARGUMENT, false),
  TAG_INVALID: entry('TAG_INVALID', 'the tag is not valid', 400, Grpc.INVALID_ARGUMENT, false),
  DIGEST_INVALID: entry('DIGEST_INVALID', 'the digest is not valid', 400, Grpc.INVALID_ARGUMENT, false),
  PAGINATION_INVALID: entry(
    'PAGINATION_NUMBER_INVALID',
    'the page size is not valid',
    400,
    Grpc.INVALID_ARGUMENT,
    false,
  ),
  REQUEST_INVALID: entry('UNSUPPORTED', 'the request is not valid', 400, Grpc.INVALID_ARGUMENT, false),
  URI_TOO_LONG: entry('NAME_INVALID', 'the request path is too long', 414, Grpc.INVALID_ARGUMENT, false),
  RANGE_INVALID: entry('RANGE_INVALID', 'the range lies outside the blob', 416, Grpc.OUT_OF_RANGE, false),
  NOT_FOUND: entry('NOT_FOUND', 'there is nothing at this path', 404, Grpc.NOT_FOUND, false),
  WRITE_UNSUPPORTED: entry('UNSUPPORTED', 'this is a pull-through cache', 405, Grpc.UNIMPLEMENTED, false),
  NAME_UNKNOWN: entry('NAME_UNKNOWN', 'the repository is not known', 404, Grpc.NOT_FOUND, false),
  MANIFEST_UNKNOWN: entry('MANIFEST_UNKNOWN', 'the manifest is not known', 404, Grpc.NOT_FOUND, false),
  BLOB_UNKNOWN: entry('BLOB_UNKNOWN', 'the blob is not known', 404, Grpc.NOT_FOUND, false),
  UNAUTHORIZED: entry('UNAUTHORIZED', 'authentication is required', 401, Grpc.UNAUTHENTICATED, false),
  DENIED: entry('DENIED', 'access is denied', 403, Grpc.PERMISSION_DENIED, false),
  PROXY_DISABLED: entry('DENIED', 'proxying is switched off', 403, Grpc.PERMISSION_DENIED, false),
  QUOTA_EXCEEDED: entry('DENIED', 'Quota has been exceeded on namespace', 403, Grpc.PERMISSION_DENIED, false),
  UPSTREAM_DENIED: entry('DENIED', 'the upstream refused our credentials', 403, Grpc.PERMISSION_DENIED, false),
  UPSTREAM_ADDRESS_REFUSED: entry(
    'UNAVAILABLE',
    'the upstream is at an address that may not be reached',
    502,
    Grpc.UNAVAILABLE,
    false,
  ),
  TOO_MANY_REQUESTS: entry('TOOMANYREQUESTS', 'the upstream limits our requests', 429, Grpc.RESOURCE_EXHAUSTED, true),
  UPSTREAM_UNREACHABLE: entry('UNAVAILABLE', 'the upstream cannot be reached', 502, Grpc.UNAVAILABLE, true),
  UPSTREAM_FAILED: entry('UNAVAILABLE', 'the upstream failed', 502, Grpc.UNAVAILABLE, true),
  UPSTREAM_TIMEOUT: entry('UNAVAILABLE', 'the upstream did not answer in time', 504, Grpc.DEADLINE_EXCEEDED, true),
  UPSTREAM_TLS: entry('UNAVAILABLE', 'the upstream has no certificate that we trust', 502, Grpc.UNAVAILABLE, false),
  UPSTREAM_CONTENT: entry(
    'UNAVAILABLE',
    'the upstream sent content that is not what it should be',
    502,
    Grpc.DATA_LOSS,
    true,
  ),
  STORE_FULL: entry('UNAVAILABLE', 'there is no space left to keep the blob', 503, Grpc.UNAVAILABLE, true),
  STORE_FAILED: entry('UNAVAILABLE', 'the blob store failed', 503, Grpc.UNAVAILABLE, true),
  NOT_READY: entry('UNAVAILABLE', 'Layover is not ready yet', 503, Grpc.UNAVAILABLE, true),
  DATA_PLANE_UNAVAILABLE: entry('UNAVAILABLE', 'the data plane cannot be reached', 503, Grpc.UNAVAILABLE, true),
  TIMEOUT: entry('UNAVAILABLE', 'the request took too long', 504, Grpc.DEADLINE_EXCEEDED, true),
  CANCELLED: entry('UNKNOWN', 'the request was given up', 499, Grpc.CANCELLED, true),
  INTERNAL: entry('UNKNOWN', 'something went wrong inside Layover', 500, Grpc.INTERNAL, false),
} as const satisfies Record<string, ErrorEntry>;

/** A name in the catalogue. */
export type ErrorKey = keyof typeof ERROR_CATALOGUE;

/** Whether a text that came from elsewhere names an entry. */
export function isErrorKey(text: string): text is ErrorKey {
  return Object.hasOwn(ERROR_CATALOGUE, text);
}

function entry(code: string, message: string, http: number, grpc: Grpc, retryable: boolean): ErrorEntry {
  return { code, message, http, grpc, retryable };
}
