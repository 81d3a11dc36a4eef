import { createHash } from 'node:crypto';

/** Length of the repeated period; a prime, so that errors in power-of-two buffers are detected. */
const PERIOD = 1_048_573;

/**
 * Returns `length` bytes from `offset` of an infinite, incompressible byte sequence that `seed`
 * selects. The same seed gives the same sequence. Any offset is cheap, so that blobs of gigabytes
 * need no memory.
 */
export function patternBytes(seed: string, offset: number, length: number): Buffer {
  return patternReader(seed)(offset, length);
}

/** Returns the sequence of {@link patternBytes} as a function that computes the period once. */
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

/** SHAKE-256 produces any number of reproducible bytes that look random. */
function periodOf(seed: string): Buffer {
  return createHash('shake256', { outputLength: PERIOD }).update(seed).digest();
}
