// Original file: proto/layover/v1/registry.proto

import type { RequestContext as _layover_v1_RequestContext, RequestContext__Output as _layover_v1_RequestContext__Output } from '../../layover/v1/RequestContext';
import type { RepositoryAddress as _layover_v1_RepositoryAddress, RepositoryAddress__Output as _layover_v1_RepositoryAddress__Output } from '../../layover/v1/RepositoryAddress';

export interface GetManifestRequest {
  'context'?: (_layover_v1_RequestContext | null);
  'address'?: (_layover_v1_RepositoryAddress | null);
  'tag'?: (string);
  'digest'?: (string);
  'headOnly'?: (boolean);
  'accept'?: (string)[];
  'ifNoneMatch'?: (string);
  'reference'?: "tag"|"digest";
}

export interface GetManifestRequest__Output {
  'context': (_layover_v1_RequestContext__Output | null);
  'address': (_layover_v1_RepositoryAddress__Output | null);
  'tag'?: (string);
  'digest'?: (string);
  'headOnly': (boolean);
  'accept': (string)[];
  'ifNoneMatch': (string);
  'reference'?: "tag"|"digest";
}
