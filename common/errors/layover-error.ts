import { ERROR_CATALOGUE, entryOf, type ErrorEntry, type ErrorKey } from './catalogue';

/** Details of one failure. Except for `cause`, clients may see them: no secrets, no signed URLs. */
export interface ErrorInfo {
  /** What happened, to which thing, and what to do. Default: the message in the catalogue. */
  readonly message?: string;
  /** Goes into `detail` of OCI error bodies. Plain JSON. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Seconds after which a retry may succeed. Sent as Retry-After. */
  readonly retryAfterSeconds?: number;
  /**
   * HTTP status of the upstream, for the pull record. Clients see it only as the status of an
   * UPSTREAM_REFUSED_REQUEST.
   */
  readonly upstreamStatus?: number;
  /** Original error, for the log only. */
  readonly cause?: unknown;
}

/**
 * Expected failure. Check `key` and not the class, because errors cross processes and test realms.
 * Every other thrown value is a bug: it is answered as INTERNAL, and its cause is only logged.
 */
export class LayoverError extends Error {
  override readonly name = 'LayoverError';
  readonly detail: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly upstreamStatus: number | undefined;

  constructor(
    readonly key: ErrorKey,
    info: ErrorInfo = {},
  ) {
    super(info.message ?? ERROR_CATALOGUE[key].message, info.cause === undefined ? undefined : { cause: info.cause });
    this.detail = info.detail;
    this.retryAfterSeconds = info.retryAfterSeconds;
    this.upstreamStatus = info.upstreamStatus;
  }

  /** Entry of the catalogue: code, statuses, and whether a retry may help. */
  get entry(): ErrorEntry {
    return entryOf(this.key, this.upstreamStatus);
  }
}

/**
 * Returns true for an expected failure. Checks its shape, because classes differ between test
 * realms.
 */
export function isLayoverError(thrown: unknown): thrown is LayoverError {
  return thrown instanceof Error && thrown.name === 'LayoverError' && 'key' in thrown;
}

/**
 * Returns an expected failure as it is, and anything else as INTERNAL with the original as cause.
 */
export function toLayoverError(thrown: unknown): LayoverError {
  return isLayoverError(thrown) ? thrown : new LayoverError('INTERNAL', { cause: thrown });
}
