// Original file: proto/layover/v1/catalog.proto

import type { Refusal as _layover_v1_Refusal, Refusal__Output as _layover_v1_Refusal__Output } from '../../layover/v1/Refusal';

// Original file: proto/layover/v1/catalog.proto

export const _layover_v1_AdmitManifestReply_Decision = {
  DECISION_UNSPECIFIED: 'DECISION_UNSPECIFIED',
  ADMITTED: 'ADMITTED',
  PASS_THROUGH: 'PASS_THROUGH',
  REJECTED: 'REJECTED',
} as const;

export type _layover_v1_AdmitManifestReply_Decision =
  | 'DECISION_UNSPECIFIED'
  | 0
  | 'ADMITTED'
  | 1
  | 'PASS_THROUGH'
  | 2
  | 'REJECTED'
  | 3

export type _layover_v1_AdmitManifestReply_Decision__Output = typeof _layover_v1_AdmitManifestReply_Decision[keyof typeof _layover_v1_AdmitManifestReply_Decision]

export interface AdmitManifestReply {
  'decision'?: (_layover_v1_AdmitManifestReply_Decision);
  'refusal'?: (_layover_v1_Refusal | null);
}

export interface AdmitManifestReply__Output {
  'decision': (_layover_v1_AdmitManifestReply_Decision__Output);
  'refusal': (_layover_v1_Refusal__Output | null);
}
