// Original file: proto/layover/v1/storage.proto

import type { DeleteOutcome as _layover_v1_DeleteOutcome, DeleteOutcome__Output as _layover_v1_DeleteOutcome__Output } from '../../layover/v1/DeleteOutcome';

export interface DeletedBlob {
  'digest'?: (string);
  'outcome'?: (_layover_v1_DeleteOutcome);
}

export interface DeletedBlob__Output {
  'digest': (string);
  'outcome': (_layover_v1_DeleteOutcome__Output);
}
