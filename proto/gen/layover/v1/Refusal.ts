// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface Refusal {
  'message'?: (string);
  'limitBytes'?: (number | string | Long);
  'usedBytes'?: (number | string | Long);
  'neededBytes'?: (number | string | Long);
}

export interface Refusal__Output {
  'message': (string);
  'limitBytes': (number);
  'usedBytes': (number);
  'neededBytes': (number);
}
