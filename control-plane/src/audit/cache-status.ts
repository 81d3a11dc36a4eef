/** How a pull was answered (docs/design/pull-semantics.md#cache-status). */
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

/** Whether a text that a data plane sent is one of them. */
export function isCacheStatus(text: string): text is CacheStatus {
  return Object.hasOwn(CacheStatus, text);
}
