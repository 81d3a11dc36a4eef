// Original file: proto/layover/v1/storage.proto

import type { Long } from '@grpc/proto-loader';

export interface BlobState {
  'digest'?: (string);
  'size'?: (number | string | Long);
  'inUse'?: (boolean);
}

export interface BlobState__Output {
  'digest': (string);
  'size': (number);
  'inUse': (boolean);
}
