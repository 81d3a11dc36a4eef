// Original file: proto/layover/v1/registry.proto

import type { GetManifestRequest as _layover_v1_GetManifestRequest, GetManifestRequest__Output as _layover_v1_GetManifestRequest__Output } from '../../layover/v1/GetManifestRequest';
import type { Long } from '@grpc/proto-loader';

export interface EdgeAnswer {
  'request'?: (_layover_v1_GetManifestRequest | null);
  'ageMs'?: (number | string | Long);
  'error'?: (string);
  'message'?: (string);
  'count'?: (number | string | Long);
  'firstAgeMs'?: (number | string | Long);
  'otherClients'?: (boolean);
}

export interface EdgeAnswer__Output {
  'request': (_layover_v1_GetManifestRequest__Output | null);
  'ageMs': (number);
  'error': (string);
  'message': (string);
  'count': (number);
  'firstAgeMs': (number);
  'otherClients': (boolean);
}
