// Original file: proto/layover/v1/catalog.proto

import type { ConfigurationSnapshot as _layover_v1_ConfigurationSnapshot, ConfigurationSnapshot__Output as _layover_v1_ConfigurationSnapshot__Output } from '../../layover/v1/ConfigurationSnapshot';
import type { Invalidation as _layover_v1_Invalidation, Invalidation__Output as _layover_v1_Invalidation__Output } from '../../layover/v1/Invalidation';
import type { Heartbeat as _layover_v1_Heartbeat, Heartbeat__Output as _layover_v1_Heartbeat__Output } from '../../layover/v1/Heartbeat';
import type { ConfigurationUpdate as _layover_v1_ConfigurationUpdate, ConfigurationUpdate__Output as _layover_v1_ConfigurationUpdate__Output } from '../../layover/v1/ConfigurationUpdate';
import type { Long } from '@grpc/proto-loader';

export interface WatchReply {
  'snapshot'?: (_layover_v1_ConfigurationSnapshot | null);
  'invalidation'?: (_layover_v1_Invalidation | null);
  'heartbeat'?: (_layover_v1_Heartbeat | null);
  'update'?: (_layover_v1_ConfigurationUpdate | null);
  'ageMs'?: (number | string | Long);
  'message'?: "snapshot"|"invalidation"|"heartbeat"|"update";
}

export interface WatchReply__Output {
  'snapshot'?: (_layover_v1_ConfigurationSnapshot__Output | null);
  'invalidation'?: (_layover_v1_Invalidation__Output | null);
  'heartbeat'?: (_layover_v1_Heartbeat__Output | null);
  'update'?: (_layover_v1_ConfigurationUpdate__Output | null);
  'ageMs': (number);
  'message'?: "snapshot"|"invalidation"|"heartbeat"|"update";
}
