// Original file: proto/layover/v1/storage.proto

import type { BlobState as _layover_v1_BlobState, BlobState__Output as _layover_v1_BlobState__Output } from '../../layover/v1/BlobState';

export interface StatBlobsReply {
  'blobs'?: (_layover_v1_BlobState)[];
}

export interface StatBlobsReply__Output {
  'blobs': (_layover_v1_BlobState__Output)[];
}
