// Original file: proto/layover/v1/catalog.proto

import type { Organization as _layover_v1_Organization, Organization__Output as _layover_v1_Organization__Output } from '../../layover/v1/Organization';
import type { SystemSettings as _layover_v1_SystemSettings, SystemSettings__Output as _layover_v1_SystemSettings__Output } from '../../layover/v1/SystemSettings';
import type { TokenKey as _layover_v1_TokenKey, TokenKey__Output as _layover_v1_TokenKey__Output } from '../../layover/v1/TokenKey';
import type { Long } from '@grpc/proto-loader';

export interface ConfigurationSnapshot {
  'revision'?: (number | string | Long);
  'organizations'?: (_layover_v1_Organization)[];
  'settings'?: (_layover_v1_SystemSettings | null);
  'tokenKeys'?: (_layover_v1_TokenKey)[];
  'mark'?: (string);
  'format'?: (string);
  'confirmedAt'?: (number | string | Long);
}

export interface ConfigurationSnapshot__Output {
  'revision': (number);
  'organizations': (_layover_v1_Organization__Output)[];
  'settings': (_layover_v1_SystemSettings__Output | null);
  'tokenKeys': (_layover_v1_TokenKey__Output)[];
  'mark': (string);
  'format': (string);
  'confirmedAt': (number);
}
