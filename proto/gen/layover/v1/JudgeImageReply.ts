// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

// Original file: proto/layover/v1/catalog.proto

export const _layover_v1_JudgeImageReply_Verdict = {
  VERDICT_UNSPECIFIED: 'VERDICT_UNSPECIFIED',
  SERVE: 'SERVE',
  REFUSE: 'REFUSE',
  UNSCANNED: 'UNSCANNED',
} as const;

export type _layover_v1_JudgeImageReply_Verdict =
  | 'VERDICT_UNSPECIFIED'
  | 0
  | 'SERVE'
  | 1
  | 'REFUSE'
  | 2
  | 'UNSCANNED'
  | 3

export type _layover_v1_JudgeImageReply_Verdict__Output = typeof _layover_v1_JudgeImageReply_Verdict[keyof typeof _layover_v1_JudgeImageReply_Verdict]

export interface JudgeImageReply {
  'verdict'?: (_layover_v1_JudgeImageReply_Verdict);
  'reason'?: (string);
  'vulnerabilities'?: (string)[];
  'goodForMs'?: (number | string | Long);
  'pending'?: (boolean);
}

export interface JudgeImageReply__Output {
  'verdict': (_layover_v1_JudgeImageReply_Verdict__Output);
  'reason': (string);
  'vulnerabilities': (string)[];
  'goodForMs': (number);
  'pending': (boolean);
}
