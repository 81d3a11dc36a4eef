// Original file: proto/layover/v1/registry.proto

import type { RequestContext as _layover_v1_RequestContext, RequestContext__Output as _layover_v1_RequestContext__Output } from '../../layover/v1/RequestContext';

export interface IssueTokenRequest {
  'context'?: (_layover_v1_RequestContext | null);
  'service'?: (string);
  'scopes'?: (string)[];
}

export interface IssueTokenRequest__Output {
  'context': (_layover_v1_RequestContext__Output | null);
  'service': (string);
  'scopes': (string)[];
}
