/** Limits of fills. The names say the units: counts, bytes, seconds or milliseconds. */
export interface FillLimits {
  /** How long a fill may continue while no client waits for it or reads it. */
  readonly maxFillSeconds: number;
  /** Number of concurrent fills from one upstream, and how many of them may be background fills. */
  readonly perUpstream: number;
  readonly backgroundPerUpstream: number;
  /**
   * Number of concurrent fills of one organization. An organization has one upstream, but its
   * manager can change the name of it while fills run.
   */
  readonly perOwner: number;
  /**
   * Number of concurrent fills from all upstreams, and how many of them may be background fills.
   */
  readonly inAll: number;
  readonly backgroundInAll: number;
  /**
   * How many times in a row a broken connection is resumed. The count starts again after
   * `resumeRestoreBytes` more bytes.
   */
  readonly resumeTries: number;
  readonly resumeRestoreBytes: number;
  /**
   * Most requests for the start of a blob, if the connection breaks before the upstream answers. A
   * request that times out is repeated once.
   */
  readonly firstTries: number;
  /** Longest wait that a resume grants to an upstream which names it in Retry-After. */
  readonly maxRetryAfterMs: number;
  /**
   * How long a client waits for its response head while the size of the blob is only known from a
   * manifest: since the upstream was asked, and since it answered without that size.
   */
  readonly headAfterMs: number;
  readonly headAfterAnswerMs: number;
  /** First delay before a resume. It doubles up to `resumeMaxMs`, with jitter. */
  readonly resumeBaseMs: number;
  readonly resumeMaxMs: number;
  /** Most bytes that are accepted of a blob whose size is unknown. */
  readonly maxUnknownBytes: number;
  /**
   * Number of blobs that are passed through at the same time without being kept, and how many of
   * them for one organization.
   */
  readonly passedInAll: number;
  readonly passedPerOwner: number;
}

/** Default limits (docs/design/fills.md#queue). */
export const DEFAULT_FILL_LIMITS: FillLimits = {
  maxFillSeconds: 3600,
  perUpstream: 16,
  // A client must not wait until the background has filled a whole layer that no client requested.
  backgroundPerUpstream: 4,
  perOwner: 16,
  inAll: 64,
  backgroundInAll: 16,
  resumeTries: 5,
  resumeRestoreBytes: 8 * 1024 * 1024,
  firstTries: 3,
  maxRetryAfterMs: 60_000,
  // Most upstreams say within this time that they lack the blob. Clients give up after 30 s
  // without a head, and the fill may wait for room for 5 s before.
  headAfterMs: 15_000,
  headAfterAnswerMs: 3_000,
  resumeBaseMs: 200,
  resumeMaxMs: 5_000,
  maxUnknownBytes: 64 * 1024 ** 3,
  passedInAll: 16,
  // The slow clients of one organization do not take the place of all others.
  passedPerOwner: 8,
};
