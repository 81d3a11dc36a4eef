// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface ContentUse {
  'organizationUid'?: (string);
  'repository'?: (string);
  'digest'?: (string);
  'startedAt'?: (number | string | Long);
}

export interface ContentUse__Output {
  'organizationUid': (string);
  'repository': (string);
  'digest': (string);
  'startedAt': (number);
}
