import { algorithmOf, type Digest, hexOf, parseDigest } from '../../../../common/oci/digest';

/** Algorithms in bytewise order of their names, which is also the order of the digests. */
export const LISTED_ALGORITHMS = ['sha256', 'sha512'] as const;

/**
 * All names of objects in the bucket; no other code constructs them:
 *
 *     <prefix>sha256/ab34…          64 hex characters: a complete, verified blob or manifest
 *     <prefix>sha512/cd56…          128 hex characters
 *     <prefix>quarantine/sha256/ab34….<generation>
 *                                   bytes with a wrong digest; Layover never reads them
 */
export interface ObjectNames {
  blob(digest: Digest): string;
  quarantined(digest: Digest, generation: string): string;
  /** Prefix of the names of all blobs of an algorithm. */
  folder(algorithm: string): string;
  /** Returns undefined if the name is not that of a blob. */
  digestOf(name: string): Digest | undefined;
}

/** Returns the names below a prefix, which is empty or ends with `/`. */
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
