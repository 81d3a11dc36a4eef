import { ERROR_CATALOGUE, type ErrorEntry, type ErrorKey } from './catalogue';

/** What the place of failure knows beyond the catalogue. Everything here may be shown to a client: no secrets, no signed URLs. */
export interface ErrorInfo {
  /** Says what happened, to what, whose fault, what to do. Default: the catalogue's message. */
  readonly message?: string;
  /** Goes into the `detail` of OCI error bodies. Plain JSON. */
  readonly detail?: Readonly<Record<string, unknown>>;
  /** Seconds after which a retry makes sense; becomes Retry-After. */
  readonly retryAfterSeconds?: number;
  /** HTTP status that an upstream answered with, for the pull record; not shown. */
  readonly upstreamStatus?: number;
  /** For the log only. */
  readonly cause?: unknown;
}

/**
 * An expected failure. Decide on `key`, never on the class: errors cross processes and test realms.
 * Anything else that is thrown is a bug and is answered as INTERNAL, its cause logged only.
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

  /** The catalogue's entry: code, statuses, whether to retry. */
  get entry(): ErrorEntry {
    return ERROR_CATALOGUE[this.key];
  }
}

/** Whether a thrown thing is an expected failure (by its shape: classes differ between test realms). */
export function isLayoverError(thrown: unknown): thrown is LayoverError {
  return thrown instanceof Error && thrown.name === 'LayoverError' && 'key' in thrown;
}

/** The thrown thing as an expected failure; unknown ones become INTERNAL with the original as cause. */
export function toLayoverError(thrown: unknown): LayoverError {
  return isLayoverError(thrown) ? thrown : new LayoverError('INTERNAL', { cause: thrown });
}
