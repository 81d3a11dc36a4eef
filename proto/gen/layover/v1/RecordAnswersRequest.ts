// Original file: proto/layover/v1/registry.proto

import type { EdgeAnswer as _layover_v1_EdgeAnswer, EdgeAnswer__Output as _layover_v1_EdgeAnswer__Output } from '../../layover/v1/EdgeAnswer';

export interface RecordAnswersRequest {
  'answers'?: (_layover_v1_EdgeAnswer)[];
}

export interface RecordAnswersRequest__Output {
  'answers': (_layover_v1_EdgeAnswer__Output)[];
}
