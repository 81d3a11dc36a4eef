// Original file: proto/layover/v1/storage.proto

export const VerifyOutcome = {
  VERIFY_OUTCOME_UNSPECIFIED: 'VERIFY_OUTCOME_UNSPECIFIED',
  WHOLE: 'WHOLE',
  MISSING: 'MISSING',
  DAMAGED: 'DAMAGED',
  UNREADABLE: 'UNREADABLE',
} as const;

export type VerifyOutcome =
  | 'VERIFY_OUTCOME_UNSPECIFIED'
  | 0
  | 'WHOLE'
  | 1
  | 'MISSING'
  | 2
  | 'DAMAGED'
  | 3
  | 'UNREADABLE'
  | 4

export type VerifyOutcome__Output = typeof VerifyOutcome[keyof typeof VerifyOutcome]
