import { createHash, type Hash } from 'node:crypto';

declare const digestBrand: unique symbol;

/**
 * `algorithm:hex` in its canonical form (OCI image specification, "Digests"). Only {@link
 * parseDigest} and {@link digestOf} create one.
 */
export type Digest = string & { readonly [digestBrand]: true };

/**
 * Algorithms that Layover verifies, with the length of their hex part. The specification registers
 * these two.
 */
const ALGORITHMS: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

const DIGEST = /^([a-z0-9]+):([0-9a-f]+)$/;

/**
 * Parses a digest. Returns undefined if the text is not a digest of a registered algorithm in
 * lower-case hex.
 */
export function parseDigest(text: string): Digest | undefined {
  const match = DIGEST.exec(text);
  if (match === null) return undefined;
  return ALGORITHMS[match[1]!] === match[2]!.length ? (text as Digest) : undefined;
}

/**
 * Returns a text that must be a digest (a literal, a database column). Throws a TypeError if it is
 * not.
 */
export function mustDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) throw new TypeError(`Not a digest: ${text.slice(0, 100)}`);
  return digest;
}

/** Returns the name of the algorithm: `sha256` or `sha512`. */
export function algorithmOf(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'));
}

/** Returns the hex part. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** Creates a hash object for the algorithm of the digest. */
export function newHasher(digest: Digest): Hash {
  return createHash(algorithmOf(digest));
}

/** Returns the digest of bytes in memory. */
export function digestOf(content: Uint8Array, algorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(content).digest('hex')}` as Digest;
}
