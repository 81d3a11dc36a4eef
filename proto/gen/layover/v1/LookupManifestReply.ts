// Original file: proto/layover/v1/catalog.proto

import type { Descriptor as _layover_v1_Descriptor, Descriptor__Output as _layover_v1_Descriptor__Output } from '../../layover/v1/Descriptor';
import type { ManifestReference as _layover_v1_ManifestReference, ManifestReference__Output as _layover_v1_ManifestReference__Output } from '../../layover/v1/ManifestReference';

export interface LookupManifestReply {
  'manifest'?: (_layover_v1_Descriptor | null);
  'references'?: (_layover_v1_ManifestReference)[];
}

export interface LookupManifestReply__Output {
  'manifest': (_layover_v1_Descriptor__Output | null);
  'references': (_layover_v1_ManifestReference__Output)[];
}
