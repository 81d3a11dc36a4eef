// Original file: proto/layover/v1/storage.proto

export const ProbeOutcome = {
  PROBE_OUTCOME_UNSPECIFIED: 'PROBE_OUTCOME_UNSPECIFIED',
  OK: 'OK',
  BAD_CREDENTIALS: 'BAD_CREDENTIALS',
  UNREACHABLE: 'UNREACHABLE',
  NOT_A_REGISTRY: 'NOT_A_REGISTRY',
  ADDRESS_REFUSED: 'ADDRESS_REFUSED',
  TLS_ERROR: 'TLS_ERROR',
} as const;

export type ProbeOutcome =
  | 'PROBE_OUTCOME_UNSPECIFIED'
  | 0
  | 'OK'
  | 1
  | 'BAD_CREDENTIALS'
  | 2
  | 'UNREACHABLE'
  | 3
  | 'NOT_A_REGISTRY'
  | 4
  | 'ADDRESS_REFUSED'
  | 5
  | 'TLS_ERROR'
  | 6

export type ProbeOutcome__Output = typeof ProbeOutcome[keyof typeof ProbeOutcome]
