// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface BlobEvent {
  'organizationUid'?: (string);
  'digest'?: (string);
  'size'?: (number | string | Long);
  'bytesServed'?: (number | string | Long);
  'bytesFetched'?: (number | string | Long);
  'identities'?: (string)[];
  'upstreamRepository'?: (string);
}

export interface BlobEvent__Output {
  'organizationUid': (string);
  'digest': (string);
  'size': (number);
  'bytesServed': (number);
  'bytesFetched': (number);
  'identities': (string)[];
  'upstreamRepository': (string);
}
