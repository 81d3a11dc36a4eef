import type { Digest } from './digest';

/** Returns the entity tag of a digest. It is strong, because equal digests mean equal bytes. */
export function entityTag(digest: Digest): string {
  return `"${digest}"`;
}

/**
 * Returns true if an If-None-Match header names this content, so that the answer is 304 (RFC 9110
 * section 13.1.2; weak comparison). undefined and an empty header name nothing.
 */
export function namesContent(ifNoneMatch: string | undefined, digest: Digest): boolean {
  if (ifNoneMatch === undefined || ifNoneMatch === '') return false;
  if (ifNoneMatch.trim() === '*') return true;
  const tag = entityTag(digest);
  return ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === tag);
}
