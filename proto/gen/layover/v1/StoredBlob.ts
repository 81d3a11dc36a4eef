// Original file: proto/layover/v1/storage.proto

import type { Long } from '@grpc/proto-loader';

export interface StoredBlob {
  'digest'?: (string);
  'size'?: (number | string | Long);
}

export interface StoredBlob__Output {
  'digest': (string);
  'size': (number);
}
