// Original file: proto/layover/v1/catalog.proto

import type { UpstreamDeletePolicy as _layover_v1_UpstreamDeletePolicy, UpstreamDeletePolicy__Output as _layover_v1_UpstreamDeletePolicy__Output } from '../../layover/v1/UpstreamDeletePolicy';
import type { Long } from '@grpc/proto-loader';

export interface ProxyCache {
  'enabled'?: (boolean);
  'upstreamHost'?: (string);
  'upstreamNamespace'?: (string);
  'mirrorHost'?: (string);
  'username'?: (string);
  'password'?: (string);
  'credentialVersion'?: (string);
  'originVersion'?: (string);
  'insecure'?: (boolean);
  'caCertificate'?: (string);
  'expirationSeconds'?: (number | string | Long);
  'revalidateAfterSeconds'?: (number | string | Long);
  'staleIfErrorSeconds'?: (number | string | Long);
  'onUpstreamDelete'?: (_layover_v1_UpstreamDeletePolicy);
  'completeImages'?: (boolean);
  'allowRepositories'?: (string)[];
  'denyRepositories'?: (string)[];
  'upstreamIdentities'?: (string)[];
  'trustedRealms'?: (string)[];
  'directRanges'?: (boolean);
}

export interface ProxyCache__Output {
  'enabled': (boolean);
  'upstreamHost': (string);
  'upstreamNamespace': (string);
  'mirrorHost': (string);
  'username': (string);
  'password': (string);
  'credentialVersion': (string);
  'originVersion': (string);
  'insecure': (boolean);
  'caCertificate': (string);
  'expirationSeconds': (number);
  'revalidateAfterSeconds': (number);
  'staleIfErrorSeconds': (number);
  'onUpstreamDelete': (_layover_v1_UpstreamDeletePolicy__Output);
  'completeImages': (boolean);
  'allowRepositories': (string)[];
  'denyRepositories': (string)[];
  'upstreamIdentities': (string)[];
  'trustedRealms': (string)[];
  'directRanges': (boolean);
}
