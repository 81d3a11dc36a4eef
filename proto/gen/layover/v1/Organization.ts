// Original file: proto/layover/v1/catalog.proto

import type { Visibility as _layover_v1_Visibility, Visibility__Output as _layover_v1_Visibility__Output } from '../../layover/v1/Visibility';
import type { ProxyCache as _layover_v1_ProxyCache, ProxyCache__Output as _layover_v1_ProxyCache__Output } from '../../layover/v1/ProxyCache';
import type { Robot as _layover_v1_Robot, Robot__Output as _layover_v1_Robot__Output } from '../../layover/v1/Robot';
import type { ScanPolicy as _layover_v1_ScanPolicy, ScanPolicy__Output as _layover_v1_ScanPolicy__Output } from '../../layover/v1/ScanPolicy';
import type { Long } from '@grpc/proto-loader';

export interface Organization {
  'uid'?: (string);
  'name'?: (string);
  'visibility'?: (_layover_v1_Visibility);
  'proxyCache'?: (_layover_v1_ProxyCache | null);
  'robots'?: (_layover_v1_Robot)[];
  'scanPolicy'?: (_layover_v1_ScanPolicy | null);
  'quotaBytes'?: (number | string | Long);
  'rejectsOversize'?: (boolean);
}

export interface Organization__Output {
  'uid': (string);
  'name': (string);
  'visibility': (_layover_v1_Visibility__Output);
  'proxyCache': (_layover_v1_ProxyCache__Output | null);
  'robots': (_layover_v1_Robot__Output)[];
  'scanPolicy': (_layover_v1_ScanPolicy__Output | null);
  'quotaBytes': (number);
  'rejectsOversize': (boolean);
}
