// Original file: proto/layover/v1/catalog.proto

import type { CachedRepositories as _layover_v1_CachedRepositories, CachedRepositories__Output as _layover_v1_CachedRepositories__Output } from '../../layover/v1/CachedRepositories';

export interface ListCachedRepositoriesReply {
  'organizations'?: (_layover_v1_CachedRepositories)[];
  'more'?: (boolean);
}

export interface ListCachedRepositoriesReply__Output {
  'organizations': (_layover_v1_CachedRepositories__Output)[];
  'more': (boolean);
}
