// Original file: proto/layover/v1/storage.proto

import type { ProbeOutcome as _layover_v1_ProbeOutcome, ProbeOutcome__Output as _layover_v1_ProbeOutcome__Output } from '../../layover/v1/ProbeOutcome';
import type { Long } from '@grpc/proto-loader';

export interface ProbeUpstreamReply {
  'outcome'?: (_layover_v1_ProbeOutcome);
  'message'?: (string);
  'anonymous'?: (boolean);
  'latencyMilliseconds'?: (number | string | Long);
}

export interface ProbeUpstreamReply__Output {
  'outcome': (_layover_v1_ProbeOutcome__Output);
  'message': (string);
  'anonymous': (boolean);
  'latencyMilliseconds': (number);
}
