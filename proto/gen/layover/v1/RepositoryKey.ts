// Original file: proto/layover/v1/catalog.proto


export interface RepositoryKey {
  'organizationUid'?: (string);
  'originVersion'?: (string);
  'repository'?: (string);
}

export interface RepositoryKey__Output {
  'organizationUid': (string);
  'originVersion': (string);
  'repository': (string);
}
