/** Thrown when the operator interrupts fsck. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** Thrown when fsck cannot continue. The message says why and what to do. */
export class CannotRunError extends Error {
  override readonly name = 'CannotRunError';
}
