// Original file: proto/layover/v1/registry.proto

import type { Answer as _layover_v1_Answer, Answer__Output as _layover_v1_Answer__Output } from '../../layover/v1/Answer';

export interface AnswerBatch {
  'answers'?: (_layover_v1_Answer)[];
}

export interface AnswerBatch__Output {
  'answers': (_layover_v1_Answer__Output)[];
}
