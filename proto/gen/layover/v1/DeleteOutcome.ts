// Original file: proto/layover/v1/storage.proto

export const DeleteOutcome = {
  DELETE_OUTCOME_UNSPECIFIED: 'DELETE_OUTCOME_UNSPECIFIED',
  DELETED: 'DELETED',
  ABSENT: 'ABSENT',
  IN_USE: 'IN_USE',
  FAILED: 'FAILED',
} as const;

export type DeleteOutcome =
  | 'DELETE_OUTCOME_UNSPECIFIED'
  | 0
  | 'DELETED'
  | 1
  | 'ABSENT'
  | 2
  | 'IN_USE'
  | 3
  | 'FAILED'
  | 4

export type DeleteOutcome__Output = typeof DeleteOutcome[keyof typeof DeleteOutcome]
