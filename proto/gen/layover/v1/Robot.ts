// Original file: proto/layover/v1/catalog.proto


export interface Robot {
  'name'?: (string);
  'secretSha256'?: (Buffer | Uint8Array | string);
}

export interface Robot__Output {
  'name': (string);
  'secretSha256': (Buffer);
}
