/** The person who runs fsck has stopped it. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** fsck cannot go on; the message says why and what to do. */
export class CannotRunError extends Error {
  override readonly name = 'CannotRunError';
}
