// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface UpstreamReport {
  'organizationUid'?: (string);
  'reachable'?: (boolean);
  'lastCheckedAt'?: (number | string | Long);
  'lastError'?: (string);
  'rateLimit'?: (number | string | Long);
  'rateLimitRemaining'?: (number | string | Long);
  'retryAfter'?: (number | string | Long);
}

export interface UpstreamReport__Output {
  'organizationUid': (string);
  'reachable': (boolean);
  'lastCheckedAt': (number);
  'lastError': (string);
  'rateLimit': (number);
  'rateLimitRemaining': (number);
  'retryAfter': (number);
}
