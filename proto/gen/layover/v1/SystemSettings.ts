// Original file: proto/layover/v1/catalog.proto


export interface SystemSettings {
  'proxyCacheEnabled'?: (boolean);
  'quotasEnforced'?: (boolean);
}

export interface SystemSettings__Output {
  'proxyCacheEnabled': (boolean);
  'quotasEnforced': (boolean);
}
