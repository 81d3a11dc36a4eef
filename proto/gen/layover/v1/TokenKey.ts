// Original file: proto/layover/v1/catalog.proto


export interface TokenKey {
  'id'?: (string);
  'secret'?: (Buffer | Uint8Array | string);
}

export interface TokenKey__Output {
  'id': (string);
  'secret': (Buffer);
}
