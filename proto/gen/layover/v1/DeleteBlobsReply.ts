// Original file: proto/layover/v1/storage.proto

import type { DeletedBlob as _layover_v1_DeletedBlob, DeletedBlob__Output as _layover_v1_DeletedBlob__Output } from '../../layover/v1/DeletedBlob';

export interface DeleteBlobsReply {
  'blobs'?: (_layover_v1_DeletedBlob)[];
}

export interface DeleteBlobsReply__Output {
  'blobs': (_layover_v1_DeletedBlob__Output)[];
}
