// Original file: proto/layover/v1/catalog.proto

import type { OrganizationOrigin as _layover_v1_OrganizationOrigin, OrganizationOrigin__Output as _layover_v1_OrganizationOrigin__Output } from '../../layover/v1/OrganizationOrigin';

export interface ListCachedRepositoriesRequest {
  'origins'?: (_layover_v1_OrganizationOrigin)[];
  'limit'?: (number);
  'last'?: (string);
}

export interface ListCachedRepositoriesRequest__Output {
  'origins': (_layover_v1_OrganizationOrigin__Output)[];
  'limit': (number);
  'last': (string);
}
