// Original file: proto/layover/v1/storage.proto


export interface ListBlobsRequest {
  'after'?: (string);
  'limit'?: (number);
}

export interface ListBlobsRequest__Output {
  'after': (string);
  'limit': (number);
}
