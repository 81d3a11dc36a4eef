// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface CatchUpReply {
  'revision'?: (number | string | Long);
}

export interface CatchUpReply__Output {
  'revision': (number);
}
