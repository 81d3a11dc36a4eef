/**
 * Why Clair gave no answer that can be used.
 * AWAY: it can't be reached, or says that it can't work; nothing of it is the image's fault.
 * BUSY: it has too much to do (429).
 * BROKEN: it failed (500): the image may be to blame, or its database.
 * SLOW: it took longer than it may. INVALID: what it answered can't be understood, or is too large.
 */
export type ClairTrouble = 'AWAY' | 'BUSY' | 'BROKEN' | 'SLOW' | 'INVALID';

/** A call of Clair that failed. The message is for people and holds no secret. */
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

  /** BUSY: when to come again, in milliseconds, where Clair said so. */
  readonly retryAfterMs: number | undefined;
}

/** Whether it is one (by its shape: classes differ between test realms). */
export function isClairError(thrown: unknown): thrown is ClairError {
  return thrown instanceof Error && thrown.name === 'ClairError' && 'trouble' in thrown;
}
