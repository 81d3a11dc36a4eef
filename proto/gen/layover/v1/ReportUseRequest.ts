// Original file: proto/layover/v1/catalog.proto

import type { ContentUse as _layover_v1_ContentUse, ContentUse__Output as _layover_v1_ContentUse__Output } from '../../layover/v1/ContentUse';

export interface ReportUseRequest {
  'node'?: (string);
  'uses'?: (_layover_v1_ContentUse)[];
}

export interface ReportUseRequest__Output {
  'node': (string);
  'uses': (_layover_v1_ContentUse__Output)[];
}
