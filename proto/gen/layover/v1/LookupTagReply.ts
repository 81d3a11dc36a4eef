// Original file: proto/layover/v1/catalog.proto

import type { CachedTag as _layover_v1_CachedTag, CachedTag__Output as _layover_v1_CachedTag__Output } from '../../layover/v1/CachedTag';

export interface LookupTagReply {
  'tag'?: (_layover_v1_CachedTag | null);
}

export interface LookupTagReply__Output {
  'tag': (_layover_v1_CachedTag__Output | null);
}
