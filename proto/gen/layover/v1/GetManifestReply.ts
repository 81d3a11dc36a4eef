// Original file: proto/layover/v1/registry.proto

import type { CacheStatus as _layover_v1_CacheStatus, CacheStatus__Output as _layover_v1_CacheStatus__Output } from '../../layover/v1/CacheStatus';
import type { Long } from '@grpc/proto-loader';

export interface GetManifestReply {
  'digest'?: (string);
  'mediaType'?: (string);
  'size'?: (number | string | Long);
  'content'?: (Buffer | Uint8Array | string);
  'cacheStatus'?: (_layover_v1_CacheStatus);
  'ageSeconds'?: (number | string | Long);
  'upstreamHost'?: (string);
  'private'?: (boolean);
}

export interface GetManifestReply__Output {
  'digest': (string);
  'mediaType': (string);
  'size': (number);
  'content': (Buffer);
  'cacheStatus': (_layover_v1_CacheStatus__Output);
  'ageSeconds': (number);
  'upstreamHost': (string);
  'private': (boolean);
}
