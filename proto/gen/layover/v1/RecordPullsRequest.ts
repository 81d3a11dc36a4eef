// Original file: proto/layover/v1/catalog.proto

import type { PullRecord as _layover_v1_PullRecord, PullRecord__Output as _layover_v1_PullRecord__Output } from '../../layover/v1/PullRecord';

export interface RecordPullsRequest {
  'records'?: (_layover_v1_PullRecord)[];
}

export interface RecordPullsRequest__Output {
  'records': (_layover_v1_PullRecord__Output)[];
}
