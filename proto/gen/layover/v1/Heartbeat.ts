// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface Heartbeat {
  'revision'?: (number | string | Long);
}

export interface Heartbeat__Output {
  'revision': (number);
}
