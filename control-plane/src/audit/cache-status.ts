/** What the cache did for a pull (docs/design/pull-semantics.md#cache-status). */
export const CacheStatus = {
  HIT: 'HIT',
  REVALIDATED: 'REVALIDATED',
  UPDATED: 'UPDATED',
  MISS: 'MISS',
  STALE: 'STALE',
  BYPASS: 'BYPASS',
  REFUSED: 'REFUSED',
  ERROR: 'ERROR',
} as const;
export type CacheStatus = (typeof CacheStatus)[keyof typeof CacheStatus];

/** Returns whether a text from a data plane is a cache status. */
export function isCacheStatus(text: string): text is CacheStatus {
  return Object.hasOwn(CacheStatus, text);
}
