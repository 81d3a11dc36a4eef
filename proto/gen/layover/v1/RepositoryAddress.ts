// Original file: proto/layover/v1/registry.proto


export interface RepositoryAddress {
  'organization'?: (string);
  'mirrorHost'?: (string);
  'repository'?: (string);
  'hostOrganization'?: (string);
  'owner'?: "organization"|"mirrorHost";
}

export interface RepositoryAddress__Output {
  'organization'?: (string);
  'mirrorHost'?: (string);
  'repository': (string);
  'hostOrganization': (string);
  'owner'?: "organization"|"mirrorHost";
}
