// Original file: proto/layover/v1/catalog.proto

import type { RepositoryKey as _layover_v1_RepositoryKey, RepositoryKey__Output as _layover_v1_RepositoryKey__Output } from '../../layover/v1/RepositoryKey';

export interface LookupTagRequest {
  'repository'?: (_layover_v1_RepositoryKey | null);
  'tag'?: (string);
}

export interface LookupTagRequest__Output {
  'repository': (_layover_v1_RepositoryKey__Output | null);
  'tag': (string);
}
