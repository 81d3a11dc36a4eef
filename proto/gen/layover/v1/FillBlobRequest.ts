// Original file: proto/layover/v1/node.proto

import type { Long } from '@grpc/proto-loader';

export interface FillBlobRequest {
  'organization'?: (string);
  'organizationUid'?: (string);
  'originVersion'?: (string);
  'repository'?: (string);
  'digest'?: (string);
  'size'?: (number | string | Long);
  'urgent'?: (boolean);
}

export interface FillBlobRequest__Output {
  'organization': (string);
  'organizationUid': (string);
  'originVersion': (string);
  'repository': (string);
  'digest': (string);
  'size': (number);
  'urgent': (boolean);
}
