import { createHash, type Hash } from 'node:crypto';

declare const digestBrand: unique symbol;

/** `algorithm:hex` in its canonical spelling (OCI image specification, "Digests"). Only {@link parseDigest} and {@link digestOf} make one. */
export type Digest = string & { readonly [digestBrand]: true };

/** Algorithms that Layover verifies, with the length of their hex part. The two that the specification registers. */
const ALGORITHMS: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

const DIGEST = /^([a-z0-9]+):([0-9a-f]+)$/;

/** The digest in `text`, or undefined where the text is no digest of a registered algorithm in lower-case hex. */
export function parseDigest(text: string): Digest | undefined {
  const match = DIGEST.exec(text);
  if (match === null) return undefined;
  return ALGORITHMS[match[1]!] === match[2]!.length ? (text as Digest) : undefined;
}

/** A digest that is known to be one (a literal, a database column). Throws a TypeError otherwise. */
export function mustDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) throw new TypeError(`not a digest: ${text.slice(0, 100)}`);
  return digest;
}

/** The algorithm's name: `sha256` or `sha512`. */
export function algorithmOf(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'));
}

/** The hex part. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** A running hash of the digest's algorithm; `finishDigest` turns it into a digest. */
export function newHasher(digest: Digest): Hash {
  return createHash(algorithmOf(digest));
}

/** Digest of bytes in memory, sha256 unless said otherwise. */
export function digestOf(content: Uint8Array, algorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(content).digest('hex')}` as Digest;
}
