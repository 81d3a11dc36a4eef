// Original file: proto/layover/v1/storage.proto

import type { StoredBlob as _layover_v1_StoredBlob, StoredBlob__Output as _layover_v1_StoredBlob__Output } from '../../layover/v1/StoredBlob';

export interface ListBlobsReply {
  'blobs'?: (_layover_v1_StoredBlob)[];
  'more'?: (boolean);
}

export interface ListBlobsReply__Output {
  'blobs': (_layover_v1_StoredBlob__Output)[];
  'more': (boolean);
}
