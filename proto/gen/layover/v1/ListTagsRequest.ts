// Original file: proto/layover/v1/registry.proto

import type { RequestContext as _layover_v1_RequestContext, RequestContext__Output as _layover_v1_RequestContext__Output } from '../../layover/v1/RequestContext';
import type { RepositoryAddress as _layover_v1_RepositoryAddress, RepositoryAddress__Output as _layover_v1_RepositoryAddress__Output } from '../../layover/v1/RepositoryAddress';

export interface ListTagsRequest {
  'context'?: (_layover_v1_RequestContext | null);
  'address'?: (_layover_v1_RepositoryAddress | null);
  'limit'?: (number);
  'last'?: (string);
  'page'?: (string);
}

export interface ListTagsRequest__Output {
  'context': (_layover_v1_RequestContext__Output | null);
  'address': (_layover_v1_RepositoryAddress__Output | null);
  'limit': (number);
  'last': (string);
  'page': (string);
}
