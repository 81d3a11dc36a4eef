// Original file: proto/layover/v1/registry.proto

import type { CacheStatus as _layover_v1_CacheStatus, CacheStatus__Output as _layover_v1_CacheStatus__Output } from '../../layover/v1/CacheStatus';
import type { Long } from '@grpc/proto-loader';

export interface StatBlobReply {
  'size'?: (number | string | Long);
  'cacheStatus'?: (_layover_v1_CacheStatus);
  'upstreamHost'?: (string);
  'private'?: (boolean);
}

export interface StatBlobReply__Output {
  'size': (number);
  'cacheStatus': (_layover_v1_CacheStatus__Output);
  'upstreamHost': (string);
  'private': (boolean);
}
