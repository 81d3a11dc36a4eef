// Original file: proto/layover/v1/catalog.proto

import type { RepositoryKey as _layover_v1_RepositoryKey, RepositoryKey__Output as _layover_v1_RepositoryKey__Output } from '../../layover/v1/RepositoryKey';
import type { Long } from '@grpc/proto-loader';

export interface JudgeImageRequest {
  'repository'?: (_layover_v1_RepositoryKey | null);
  'digest'?: (string);
  'waitMs'?: (number | string | Long);
  'requestId'?: (string);
}

export interface JudgeImageRequest__Output {
  'repository': (_layover_v1_RepositoryKey__Output | null);
  'digest': (string);
  'waitMs': (number);
  'requestId': (string);
}
