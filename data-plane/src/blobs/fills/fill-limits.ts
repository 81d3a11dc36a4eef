/** Bounds of fills. Counts, bytes, seconds and milliseconds as named. */
export interface FillLimits {
  /** How long a fill may go on with no client waiting for it or reading it. */
  readonly maxFillSeconds: number;
  /** Fills that read from one upstream at a time, and how many of them may be background ones. */
  readonly perUpstream: number;
  readonly backgroundPerUpstream: number;
  /** Fills that read from upstreams at a time, and how many of them may be background ones. */
  readonly inAll: number;
  readonly backgroundInAll: number;
  /** Times a broken connection is asked for again, one after the other; given back after `resumeRestoreBytes` more bytes. */
  readonly resumeTries: number;
  readonly resumeRestoreBytes: number;
  /** First wait before asking again; doubles up to `resumeMaxMs`, with jitter. */
  readonly resumeBaseMs: number;
  readonly resumeMaxMs: number;
  /** Most bytes that are taken of a blob whose size nobody says. */
  readonly maxUnknownBytes: number;
}

/** What holds where the composition root says nothing else (docs/design/fills.md#queue). */
export const DEFAULT_FILL_LIMITS: FillLimits = {
  maxFillSeconds: 3600,
  perUpstream: 16,
  // Completion of images must not make a client wait for a whole layer that nobody asked for yet.
  backgroundPerUpstream: 4,
  inAll: 64,
  backgroundInAll: 16,
  resumeTries: 5,
  resumeRestoreBytes: 8 * 1024 * 1024,
  resumeBaseMs: 200,
  resumeMaxMs: 5_000,
  maxUnknownBytes: 64 * 1024 ** 3,
};
