import { createHash } from 'node:crypto';

/** Length of the piece that repeats; a prime, so that no power-of-two buffer mistake goes unseen. */
const PERIOD = 1_048_573;

/**
 * `length` bytes from `offset` of an endless, incompressible-looking byte sequence that `seed` names.
 * The same seed gives the same sequence. Cheap for any offset, so that blobs of gigabytes need no memory.
 */
export function patternBytes(seed: string, offset: number, length: number): Buffer {
  return patternReader(seed)(offset, length);
}

/** The sequence of {@link patternBytes} as a function, its period computed once. */
export function patternReader(seed: string): (offset: number, length: number) => Buffer {
  const period = periodOf(seed);
  return (offset, length) => {
    const out = Buffer.allocUnsafe(length);
    let at = 0;
    while (at < length) {
      const from = (offset + at) % PERIOD;
      at += period.copy(out, at, from, Math.min(PERIOD, from + length - at));
    }
    return out;
  };
}

/** SHAKE-256 gives as many bytes as one likes: random-looking, and the same everywhere. */
function periodOf(seed: string): Buffer {
  return createHash('shake256', { outputLength: PERIOD }).update(seed).digest();
}
