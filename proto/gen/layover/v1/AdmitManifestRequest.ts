// Original file: proto/layover/v1/catalog.proto

import type { RepositoryKey as _layover_v1_RepositoryKey, RepositoryKey__Output as _layover_v1_RepositoryKey__Output } from '../../layover/v1/RepositoryKey';
import type { Descriptor as _layover_v1_Descriptor, Descriptor__Output as _layover_v1_Descriptor__Output } from '../../layover/v1/Descriptor';
import type { ManifestReference as _layover_v1_ManifestReference, ManifestReference__Output as _layover_v1_ManifestReference__Output } from '../../layover/v1/ManifestReference';
import type { ContentUse as _layover_v1_ContentUse, ContentUse__Output as _layover_v1_ContentUse__Output } from '../../layover/v1/ContentUse';
import type { Long } from '@grpc/proto-loader';

export interface AdmitManifestRequest {
  'repository'?: (_layover_v1_RepositoryKey | null);
  'manifest'?: (_layover_v1_Descriptor | null);
  'artifactType'?: (string);
  'references'?: (_layover_v1_ManifestReference)[];
  'tag'?: (string);
  'checkedAt'?: (number | string | Long);
  'requestId'?: (string);
  'inUse'?: (_layover_v1_ContentUse)[];
}

export interface AdmitManifestRequest__Output {
  'repository': (_layover_v1_RepositoryKey__Output | null);
  'manifest': (_layover_v1_Descriptor__Output | null);
  'artifactType': (string);
  'references': (_layover_v1_ManifestReference__Output)[];
  'tag': (string);
  'checkedAt': (number);
  'requestId': (string);
  'inUse': (_layover_v1_ContentUse__Output)[];
}
