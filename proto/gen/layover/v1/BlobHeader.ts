// Original file: proto/layover/v1/registry.proto

import type { CacheStatus as _layover_v1_CacheStatus, CacheStatus__Output as _layover_v1_CacheStatus__Output } from '../../layover/v1/CacheStatus';
import type { Delivery as _layover_v1_Delivery, Delivery__Output as _layover_v1_Delivery__Output } from '../../layover/v1/Delivery';
import type { ByteChannel as _layover_v1_ByteChannel, ByteChannel__Output as _layover_v1_ByteChannel__Output } from '../../layover/v1/ByteChannel';
import type { Long } from '@grpc/proto-loader';

export interface BlobHeader {
  'size'?: (number | string | Long);
  'offset'?: (number | string | Long);
  'length'?: (number | string | Long);
  'cacheStatus'?: (_layover_v1_CacheStatus);
  'upstreamHost'?: (string);
  'delivery'?: (_layover_v1_Delivery);
  'path'?: (string);
  'available'?: (number | string | Long);
  'url'?: (string);
  'channel'?: (_layover_v1_ByteChannel | null);
  'readers'?: (number);
  'shared'?: (boolean);
  'private'?: (boolean);
}

export interface BlobHeader__Output {
  'size': (number);
  'offset': (number);
  'length': (number);
  'cacheStatus': (_layover_v1_CacheStatus__Output);
  'upstreamHost': (string);
  'delivery': (_layover_v1_Delivery__Output);
  'path': (string);
  'available': (number);
  'url': (string);
  'channel': (_layover_v1_ByteChannel__Output | null);
  'readers': (number);
  'shared': (boolean);
  'private': (boolean);
}
