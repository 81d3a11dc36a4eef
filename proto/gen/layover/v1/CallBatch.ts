// Original file: proto/layover/v1/registry.proto

import type { Call as _layover_v1_Call, Call__Output as _layover_v1_Call__Output } from '../../layover/v1/Call';

export interface CallBatch {
  'calls'?: (_layover_v1_Call)[];
  'cancelled'?: (number)[];
}

export interface CallBatch__Output {
  'calls': (_layover_v1_Call__Output)[];
  'cancelled': (number)[];
}
