// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

// Original file: proto/layover/v1/catalog.proto

export const _layover_v1_ScanPolicy_Unscanned = {
  SERVE: 'SERVE',
  WAIT: 'WAIT',
  REFUSE: 'REFUSE',
} as const;

export type _layover_v1_ScanPolicy_Unscanned =
  | 'SERVE'
  | 0
  | 'WAIT'
  | 1
  | 'REFUSE'
  | 2

export type _layover_v1_ScanPolicy_Unscanned__Output = typeof _layover_v1_ScanPolicy_Unscanned[keyof typeof _layover_v1_ScanPolicy_Unscanned]

export interface ScanPolicy {
  'unscanned'?: (_layover_v1_ScanPolicy_Unscanned);
  'waitMs'?: (number | string | Long);
}

export interface ScanPolicy__Output {
  'unscanned': (_layover_v1_ScanPolicy_Unscanned__Output);
  'waitMs': (number);
}
