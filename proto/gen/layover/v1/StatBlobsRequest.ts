// Original file: proto/layover/v1/storage.proto


export interface StatBlobsRequest {
  'digests'?: (string)[];
}

export interface StatBlobsRequest__Output {
  'digests': (string)[];
}
