// Original file: proto/layover/v1/storage.proto


export interface DeleteBlobsRequest {
  'digests'?: (string)[];
}

export interface DeleteBlobsRequest__Output {
  'digests': (string)[];
}
