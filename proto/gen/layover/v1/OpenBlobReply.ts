// Original file: proto/layover/v1/registry.proto

import type { BlobHeader as _layover_v1_BlobHeader, BlobHeader__Output as _layover_v1_BlobHeader__Output } from '../../layover/v1/BlobHeader';

export interface OpenBlobReply {
  'header'?: (_layover_v1_BlobHeader | null);
  'useReadBlob'?: (boolean);
  'answer'?: "header"|"useReadBlob";
}

export interface OpenBlobReply__Output {
  'header'?: (_layover_v1_BlobHeader__Output | null);
  'useReadBlob'?: (boolean);
  'answer'?: "header"|"useReadBlob";
}
