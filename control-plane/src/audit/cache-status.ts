/** What the cache did for a pull (docs/design/pull-semantics.md#cache-status). */
export const AuditCacheStatus = {
  HIT: 'HIT',
  REVALIDATED: 'REVALIDATED',
  UPDATED: 'UPDATED',
  MISS: 'MISS',
  STALE: 'STALE',
  BYPASS: 'BYPASS',
  REFUSED: 'REFUSED',
  ERROR: 'ERROR',
} as const;
export type AuditCacheStatus = (typeof AuditCacheStatus)[keyof typeof AuditCacheStatus];

/** Returns whether a text from a data plane is a cache status. */
export function isCacheStatus(text: string): text is AuditCacheStatus {
  return Object.hasOwn(AuditCacheStatus, text);
}
