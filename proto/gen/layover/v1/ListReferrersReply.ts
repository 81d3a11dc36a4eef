// Original file: proto/layover/v1/registry.proto

import type { CacheStatus as _layover_v1_CacheStatus, CacheStatus__Output as _layover_v1_CacheStatus__Output } from '../../layover/v1/CacheStatus';

export interface ListReferrersReply {
  'content'?: (Buffer | Uint8Array | string);
  'filtered'?: (boolean);
  'cacheStatus'?: (_layover_v1_CacheStatus);
  'upstreamHost'?: (string);
  'nextPage'?: (string);
  'private'?: (boolean);
}

export interface ListReferrersReply__Output {
  'content': (Buffer);
  'filtered': (boolean);
  'cacheStatus': (_layover_v1_CacheStatus__Output);
  'upstreamHost': (string);
  'nextPage': (string);
  'private': (boolean);
}
