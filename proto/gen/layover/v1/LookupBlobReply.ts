// Original file: proto/layover/v1/catalog.proto

import type { Descriptor as _layover_v1_Descriptor, Descriptor__Output as _layover_v1_Descriptor__Output } from '../../layover/v1/Descriptor';

export interface LookupBlobReply {
  'blob'?: (_layover_v1_Descriptor | null);
  'provenBy'?: (string)[];
}

export interface LookupBlobReply__Output {
  'blob': (_layover_v1_Descriptor__Output | null);
  'provenBy': (string)[];
}
