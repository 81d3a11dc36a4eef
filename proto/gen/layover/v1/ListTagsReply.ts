// Original file: proto/layover/v1/registry.proto

import type { CacheStatus as _layover_v1_CacheStatus, CacheStatus__Output as _layover_v1_CacheStatus__Output } from '../../layover/v1/CacheStatus';

export interface ListTagsReply {
  'tags'?: (string)[];
  'nextLast'?: (string);
  'cacheStatus'?: (_layover_v1_CacheStatus);
  'upstreamHost'?: (string);
  'nextLimit'?: (number);
  'nextPage'?: (string);
  'private'?: (boolean);
}

export interface ListTagsReply__Output {
  'tags': (string)[];
  'nextLast': (string);
  'cacheStatus': (_layover_v1_CacheStatus__Output);
  'upstreamHost': (string);
  'nextLimit': (number);
  'nextPage': (string);
  'private': (boolean);
}
