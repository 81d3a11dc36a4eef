// Original file: proto/layover/v1/registry.proto

import type { RequestContext as _layover_v1_RequestContext, RequestContext__Output as _layover_v1_RequestContext__Output } from '../../layover/v1/RequestContext';

export interface ListRepositoriesRequest {
  'context'?: (_layover_v1_RequestContext | null);
  'hostOrganization'?: (string);
  'limit'?: (number);
  'last'?: (string);
}

export interface ListRepositoriesRequest__Output {
  'context': (_layover_v1_RequestContext__Output | null);
  'hostOrganization': (string);
  'limit': (number);
  'last': (string);
}
