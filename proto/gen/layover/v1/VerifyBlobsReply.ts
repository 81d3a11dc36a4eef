// Original file: proto/layover/v1/storage.proto

import type { VerifyOutcome as _layover_v1_VerifyOutcome, VerifyOutcome__Output as _layover_v1_VerifyOutcome__Output } from '../../layover/v1/VerifyOutcome';
import type { Long } from '@grpc/proto-loader';

export interface VerifyBlobsReply {
  'digest'?: (string);
  'outcome'?: (_layover_v1_VerifyOutcome);
  'size'?: (number | string | Long);
}

export interface VerifyBlobsReply__Output {
  'digest': (string);
  'outcome': (_layover_v1_VerifyOutcome__Output);
  'size': (number);
}
