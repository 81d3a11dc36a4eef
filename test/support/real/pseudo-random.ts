import { createCipheriv, createHash } from 'node:crypto';

/** Size of a chunk in bytes. */
const CHUNK = 1024 * 1024;

/**
 * Generates `length` bytes in chunks of up to 1 MiB. The bytes look random (they don't compress)
 * and are the same for the same seed. AES-128 in counter mode over zeros generates some gigabytes
 * per second.
 */
export function* pseudoRandom(seed: string, length: number): Generator<Buffer> {
  const cipher = createCipheriv(
    'aes-128-ctr',
    createHash('sha256').update(seed).digest().subarray(0, 16),
    Buffer.alloc(16),
  );
  const zeros = Buffer.alloc(Math.min(CHUNK, length));
  for (let left = length; left > 0; left -= zeros.length)
    yield cipher.update(zeros.subarray(0, Math.min(left, zeros.length)));
}
