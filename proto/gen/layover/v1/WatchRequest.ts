// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface WatchRequest {
  'node'?: (string);
  'knownRevision'?: (number | string | Long);
  'knownMark'?: (string);
  'acceptsUpdates'?: (boolean);
}

export interface WatchRequest__Output {
  'node': (string);
  'knownRevision': (number);
  'knownMark': (string);
  'acceptsUpdates': (boolean);
}
