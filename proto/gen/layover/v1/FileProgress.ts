// Original file: proto/layover/v1/registry.proto

import type { Long } from '@grpc/proto-loader';

export interface FileProgress {
  'available'?: (number | string | Long);
}

export interface FileProgress__Output {
  'available': (number);
}
