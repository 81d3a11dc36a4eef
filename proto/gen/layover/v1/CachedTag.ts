// Original file: proto/layover/v1/catalog.proto

import type { Descriptor as _layover_v1_Descriptor, Descriptor__Output as _layover_v1_Descriptor__Output } from '../../layover/v1/Descriptor';
import type { Long } from '@grpc/proto-loader';

export interface CachedTag {
  'manifest'?: (_layover_v1_Descriptor | null);
  'checkedAt'?: (number | string | Long);
  'expiresAt'?: (number | string | Long);
}

export interface CachedTag__Output {
  'manifest': (_layover_v1_Descriptor__Output | null);
  'checkedAt': (number);
  'expiresAt': (number);
}
