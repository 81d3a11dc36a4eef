// Original file: proto/layover/v1/catalog.proto

import type { RepositoryKey as _layover_v1_RepositoryKey, RepositoryKey__Output as _layover_v1_RepositoryKey__Output } from '../../layover/v1/RepositoryKey';

export interface JudgeBlobRequest {
  'repository'?: (_layover_v1_RepositoryKey | null);
  'digest'?: (string);
  'requestId'?: (string);
}

export interface JudgeBlobRequest__Output {
  'repository': (_layover_v1_RepositoryKey__Output | null);
  'digest': (string);
  'requestId': (string);
}
