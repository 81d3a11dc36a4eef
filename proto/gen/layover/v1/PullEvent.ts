// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface PullEvent {
  'organizationUid'?: (string);
  'organization'?: (string);
  'repository'?: (string);
  'originVersion'?: (string);
  'reference'?: (string);
  'digest'?: (string);
  'cacheStatus'?: (string);
  'upstreamStatus'?: (number);
  'httpStatus'?: (number);
  'bytes'?: (number | string | Long);
  'actor'?: (string);
  'clientAddress'?: (string);
  'userAgent'?: (string);
  'requestId'?: (string);
  'method'?: (string);
  'checkedAt'?: (number | string | Long);
  'errorCode'?: (string);
  'errorMessage'?: (string);
  'mirrorHost'?: (string);
  'attempt'?: (number);
}

export interface PullEvent__Output {
  'organizationUid': (string);
  'organization': (string);
  'repository': (string);
  'originVersion': (string);
  'reference': (string);
  'digest': (string);
  'cacheStatus': (string);
  'upstreamStatus': (number);
  'httpStatus': (number);
  'bytes': (number);
  'actor': (string);
  'clientAddress': (string);
  'userAgent': (string);
  'requestId': (string);
  'method': (string);
  'checkedAt': (number);
  'errorCode': (string);
  'errorMessage': (string);
  'mirrorHost': (string);
  'attempt': (number);
}
