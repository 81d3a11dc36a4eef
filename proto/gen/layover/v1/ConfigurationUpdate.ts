// Original file: proto/layover/v1/catalog.proto

import type { Organization as _layover_v1_Organization, Organization__Output as _layover_v1_Organization__Output } from '../../layover/v1/Organization';
import type { SystemSettings as _layover_v1_SystemSettings, SystemSettings__Output as _layover_v1_SystemSettings__Output } from '../../layover/v1/SystemSettings';
import type { TokenKey as _layover_v1_TokenKey, TokenKey__Output as _layover_v1_TokenKey__Output } from '../../layover/v1/TokenKey';
import type { Long } from '@grpc/proto-loader';

export interface ConfigurationUpdate {
  'fromRevision'?: (number | string | Long);
  'revision'?: (number | string | Long);
  'mark'?: (string);
  'last'?: (boolean);
  'organizations'?: (_layover_v1_Organization)[];
  'removedUids'?: (string)[];
  'settings'?: (_layover_v1_SystemSettings | null);
  'tokenKeys'?: (_layover_v1_TokenKey)[];
}

export interface ConfigurationUpdate__Output {
  'fromRevision': (number);
  'revision': (number);
  'mark': (string);
  'last': (boolean);
  'organizations': (_layover_v1_Organization__Output)[];
  'removedUids': (string)[];
  'settings': (_layover_v1_SystemSettings__Output | null);
  'tokenKeys': (_layover_v1_TokenKey__Output)[];
}
