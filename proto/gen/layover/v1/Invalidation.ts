// Original file: proto/layover/v1/catalog.proto


export interface Invalidation {
  'organizationUid'?: (string);
  'repository'?: (string);
  'tag'?: (string);
  'digest'?: (string);
}

export interface Invalidation__Output {
  'organizationUid': (string);
  'repository': (string);
  'tag': (string);
  'digest': (string);
}
