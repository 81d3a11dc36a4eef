// Original file: proto/layover/v1/catalog.proto

import type { PullEvent as _layover_v1_PullEvent, PullEvent__Output as _layover_v1_PullEvent__Output } from '../../layover/v1/PullEvent';
import type { AdmitManifestRequest as _layover_v1_AdmitManifestRequest, AdmitManifestRequest__Output as _layover_v1_AdmitManifestRequest__Output } from '../../layover/v1/AdmitManifestRequest';
import type { BlobEvent as _layover_v1_BlobEvent, BlobEvent__Output as _layover_v1_BlobEvent__Output } from '../../layover/v1/BlobEvent';
import type { UpstreamReport as _layover_v1_UpstreamReport, UpstreamReport__Output as _layover_v1_UpstreamReport__Output } from '../../layover/v1/UpstreamReport';
import type { RefusalSum as _layover_v1_RefusalSum, RefusalSum__Output as _layover_v1_RefusalSum__Output } from '../../layover/v1/RefusalSum';
import type { Long } from '@grpc/proto-loader';

export interface PullRecord {
  'id'?: (string);
  'at'?: (number | string | Long);
  'pull'?: (_layover_v1_PullEvent | null);
  'admission'?: (_layover_v1_AdmitManifestRequest | null);
  'blob'?: (_layover_v1_BlobEvent | null);
  'upstream'?: (_layover_v1_UpstreamReport | null);
  'refusals'?: (_layover_v1_RefusalSum | null);
  'event'?: "pull"|"admission"|"blob"|"upstream"|"refusals";
}

export interface PullRecord__Output {
  'id': (string);
  'at': (number);
  'pull'?: (_layover_v1_PullEvent__Output | null);
  'admission'?: (_layover_v1_AdmitManifestRequest__Output | null);
  'blob'?: (_layover_v1_BlobEvent__Output | null);
  'upstream'?: (_layover_v1_UpstreamReport__Output | null);
  'refusals'?: (_layover_v1_RefusalSum__Output | null);
  'event'?: "pull"|"admission"|"blob"|"upstream"|"refusals";
}
