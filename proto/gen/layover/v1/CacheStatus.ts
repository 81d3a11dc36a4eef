// Original file: proto/layover/v1/registry.proto

export const CacheStatus = {
  CACHE_STATUS_UNSPECIFIED: 'CACHE_STATUS_UNSPECIFIED',
  HIT: 'HIT',
  REVALIDATED: 'REVALIDATED',
  UPDATED: 'UPDATED',
  MISS: 'MISS',
  STALE: 'STALE',
  BYPASS: 'BYPASS',
  REFUSED: 'REFUSED',
  ERROR: 'ERROR',
} as const;

export type CacheStatus =
  | 'CACHE_STATUS_UNSPECIFIED'
  | 0
  | 'HIT'
  | 1
  | 'REVALIDATED'
  | 2
  | 'UPDATED'
  | 3
  | 'MISS'
  | 4
  | 'STALE'
  | 5
  | 'BYPASS'
  | 6
  | 'REFUSED'
  | 7
  | 'ERROR'
  | 8

export type CacheStatus__Output = typeof CacheStatus[keyof typeof CacheStatus]
