import { algorithmOf, type Digest, hexOf, parseDigest } from '../../../../common/oci/digest';

/** Algorithms in bytewise order of their names, which is the order of the digests' text too. */
export const LISTED_ALGORITHMS = ['sha256', 'sha512'] as const;

/**
 * Every name of an object in the bucket, and the only place that makes them:
 *
 *     <prefix>sha256/ab34…                       64 hex characters: a blob or manifest, whole and verified
 *     <prefix>sha512/cd56…                       128 hex characters
 *     <prefix>quarantine/sha256/ab34….<generation>   bytes that were not what their name said; nothing of Layover reads them
 */
export interface ObjectNames {
  blob(digest: Digest): string;
  quarantined(digest: Digest, generation: string): string;
  /** What all blobs of an algorithm begin with. */
  folder(algorithm: string): string;
  /** undefined = no blob's name. */
  digestOf(name: string): Digest | undefined;
}

/** Names below a prefix, which is empty or ends with `/`. */
export function objectNamesBelow(prefix: string): ObjectNames {
  const blob = (digest: Digest): string => `${prefix}${algorithmOf(digest)}/${hexOf(digest)}`;
  return {
    blob,
    quarantined: (digest, generation) => `${prefix}quarantine/${algorithmOf(digest)}/${hexOf(digest)}.${generation}`,
    folder: (algorithm) => `${prefix}${algorithm}/`,
    digestOf: (name) =>
      name.startsWith(prefix) ? parseDigest(name.slice(prefix.length).replace('/', ':')) : undefined,
  };
}
