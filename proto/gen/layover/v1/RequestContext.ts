// Original file: proto/layover/v1/registry.proto

import type { Long } from '@grpc/proto-loader';

export interface RequestContext {
  'requestId'?: (string);
  'clientAddress'?: (string);
  'userAgent'?: (string);
  'authorization'?: (string);
  'authorizedAt'?: (number | string | Long);
  'hops'?: (string)[];
  'recordId'?: (string);
  'attempt'?: (number);
}

export interface RequestContext__Output {
  'requestId': (string);
  'clientAddress': (string);
  'userAgent': (string);
  'authorization': (string);
  'authorizedAt': (number);
  'hops': (string)[];
  'recordId': (string);
  'attempt': (number);
}
