// Original file: proto/layover/v1/registry.proto

import type { Long } from '@grpc/proto-loader';

export interface ByteRange {
  'firstByte'?: (number | string | Long);
  'lastByte'?: (number | string | Long);
}

export interface ByteRange__Output {
  'firstByte': (number);
  'lastByte': (number);
}
