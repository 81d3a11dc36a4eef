// Original file: proto/layover/v1/node.proto

import type { ReferrersPosition as _layover_v1_ReferrersPosition, ReferrersPosition__Output as _layover_v1_ReferrersPosition__Output } from '../../layover/v1/ReferrersPosition';
import type { Long } from '@grpc/proto-loader';

export interface KeepReferrersRequest {
  'organization'?: (string);
  'organizationUid'?: (string);
  'originVersion'?: (string);
  'repository'?: (string);
  'digest'?: (string);
  'page'?: (string);
  'content'?: (Buffer | Uint8Array | string);
  'filtered'?: (boolean);
  'checkedAt'?: (number | string | Long);
  'next'?: (_layover_v1_ReferrersPosition | null);
}

export interface KeepReferrersRequest__Output {
  'organization': (string);
  'organizationUid': (string);
  'originVersion': (string);
  'repository': (string);
  'digest': (string);
  'page': (string);
  'content': (Buffer);
  'filtered': (boolean);
  'checkedAt': (number);
  'next': (_layover_v1_ReferrersPosition__Output | null);
}
