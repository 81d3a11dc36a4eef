// Original file: proto/layover/v1/catalog.proto


export interface OrganizationOrigin {
  'organizationUid'?: (string);
  'originVersion'?: (string);
}

export interface OrganizationOrigin__Output {
  'organizationUid': (string);
  'originVersion': (string);
}
