import { registerEnumType } from 'type-graphql';

/** How a pull was answered (architecture section 4). */
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

registerEnumType(CacheStatus, {
  name: 'CacheStatus',
  description: 'How a pull was answered.',
  valuesConfig: {
    HIT: { description: 'From the cache; upstream was not asked.' },
    REVALIDATED: { description: 'From the cache; upstream said that it is current.' },
    UPDATED: { description: 'Upstream had moved the tag; the new version was fetched.' },
    MISS: { description: 'Not cached; fetched from upstream.' },
    STALE: { description: 'From the cache, because upstream could not be asked.' },
    BYPASS: { description: 'Fetched and passed on, not kept.' },
    REFUSED: { description: 'Not served: not allowed.' },
    ERROR: { description: 'Not served: something failed, or upstream does not have it.' },
  },
});
