// Original file: proto/layover/v1/registry.proto

import type { BlobHeader as _layover_v1_BlobHeader, BlobHeader__Output as _layover_v1_BlobHeader__Output } from '../../layover/v1/BlobHeader';
import type { FileProgress as _layover_v1_FileProgress, FileProgress__Output as _layover_v1_FileProgress__Output } from '../../layover/v1/FileProgress';

export interface ReadBlobReply {
  'header'?: (_layover_v1_BlobHeader | null);
  'chunk'?: (Buffer | Uint8Array | string);
  'progress'?: (_layover_v1_FileProgress | null);
  'message'?: "header"|"chunk"|"progress";
}

export interface ReadBlobReply__Output {
  'header'?: (_layover_v1_BlobHeader__Output | null);
  'chunk'?: (Buffer);
  'progress'?: (_layover_v1_FileProgress__Output | null);
  'message'?: "header"|"chunk"|"progress";
}
