// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface RefusalCount {
  'code'?: (string);
  'httpStatus'?: (number);
  'count'?: (number | string | Long);
  'reason'?: (string);
}

export interface RefusalCount__Output {
  'code': (string);
  'httpStatus': (number);
  'count': (number);
  'reason': (string);
}
