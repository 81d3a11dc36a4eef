// Original file: proto/layover/v1/storage.proto


export interface VerifyBlobsRequest {
  'digests'?: (string)[];
  'quarantine'?: (boolean);
}

export interface VerifyBlobsRequest__Output {
  'digests': (string)[];
  'quarantine': (boolean);
}
