// Original file: proto/layover/v1/registry.proto


export interface ByteChannel {
  'ticket'?: (Buffer | Uint8Array | string);
  'port'?: (number);
  'path'?: (string);
  'address'?: "port"|"path";
}

export interface ByteChannel__Output {
  'ticket': (Buffer);
  'port'?: (number);
  'path'?: (string);
  'address'?: "port"|"path";
}
