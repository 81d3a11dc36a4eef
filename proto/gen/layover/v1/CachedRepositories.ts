// Original file: proto/layover/v1/catalog.proto


export interface CachedRepositories {
  'organizationUid'?: (string);
  'names'?: (string)[];
}

export interface CachedRepositories__Output {
  'organizationUid': (string);
  'names': (string)[];
}
