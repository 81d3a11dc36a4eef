// Original file: proto/layover/v1/registry.proto


export interface RequestContext {
  'requestId'?: (string);
  'clientAddress'?: (string);
  'userAgent'?: (string);
  'authorization'?: (string);
}

export interface RequestContext__Output {
  'requestId': (string);
  'clientAddress': (string);
  'userAgent': (string);
  'authorization': (string);
}
