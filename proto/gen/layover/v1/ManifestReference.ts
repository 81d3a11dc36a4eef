// Original file: proto/layover/v1/catalog.proto

import type { Descriptor as _layover_v1_Descriptor, Descriptor__Output as _layover_v1_Descriptor__Output } from '../../layover/v1/Descriptor';
import type { Platform as _layover_v1_Platform, Platform__Output as _layover_v1_Platform__Output } from '../../layover/v1/Platform';

// Original file: proto/layover/v1/catalog.proto

export const _layover_v1_ManifestReference_Role = {
  LAYER: 'LAYER',
  CONFIG: 'CONFIG',
  CHILD: 'CHILD',
  SUBJECT: 'SUBJECT',
} as const;

export type _layover_v1_ManifestReference_Role =
  | 'LAYER'
  | 0
  | 'CONFIG'
  | 1
  | 'CHILD'
  | 2
  | 'SUBJECT'
  | 3

export type _layover_v1_ManifestReference_Role__Output = typeof _layover_v1_ManifestReference_Role[keyof typeof _layover_v1_ManifestReference_Role]

export interface ManifestReference {
  'role'?: (_layover_v1_ManifestReference_Role);
  'descriptor'?: (_layover_v1_Descriptor | null);
  'position'?: (number);
  'platform'?: (_layover_v1_Platform | null);
  'foreign'?: (boolean);
}

export interface ManifestReference__Output {
  'role': (_layover_v1_ManifestReference_Role__Output);
  'descriptor': (_layover_v1_Descriptor__Output | null);
  'position': (number);
  'platform': (_layover_v1_Platform__Output | null);
  'foreign': (boolean);
}
