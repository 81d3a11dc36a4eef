// Original file: proto/layover/v1/catalog.proto

import type { RepositoryKey as _layover_v1_RepositoryKey, RepositoryKey__Output as _layover_v1_RepositoryKey__Output } from '../../layover/v1/RepositoryKey';

export interface ListCachedTagsRequest {
  'repository'?: (_layover_v1_RepositoryKey | null);
  'limit'?: (number);
  'last'?: (string);
}

export interface ListCachedTagsRequest__Output {
  'repository': (_layover_v1_RepositoryKey__Output | null);
  'limit': (number);
  'last': (string);
}
