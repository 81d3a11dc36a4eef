/**
 * The kind of a failed call of Clair.
 * - AWAY: Clair is unreachable or says that it is unavailable. The image is not the cause.
 * - BUSY: Clair is overloaded (429).
 * - BROKEN: Clair failed (500), because of the image or its database.
 * - SLOW: the call took too long.
 * - INVALID: the answer is malformed or too large.
 */
export type ClairTrouble = 'AWAY' | 'BUSY' | 'BROKEN' | 'SLOW' | 'INVALID';

/** A failed call of Clair. The message is for people and contains no secrets. */
export class ClairError extends Error {
  override readonly name = 'ClairError';

  constructor(
    readonly trouble: ClairTrouble,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }

  /** BUSY: when to retry, in milliseconds, if Clair said so. */
  readonly retryAfterMs: number | undefined;
}

/**
 * Returns whether a thrown value is a ClairError. Compares the shape, because classes differ
 * between the realms of tests.
 */
export function isClairError(thrown: unknown): thrown is ClairError {
  return thrown instanceof Error && thrown.name === 'ClairError' && 'trouble' in thrown;
}
