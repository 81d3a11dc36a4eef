// Original file: proto/layover/v1/catalog.proto


export interface SystemSettings {
  'proxyCacheEnabled'?: (boolean);
}

export interface SystemSettings__Output {
  'proxyCacheEnabled': (boolean);
}
