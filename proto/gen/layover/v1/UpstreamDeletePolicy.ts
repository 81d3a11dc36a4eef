// Original file: proto/layover/v1/catalog.proto

export const UpstreamDeletePolicy = {
  PROPAGATE: 'PROPAGATE',
  KEEP: 'KEEP',
} as const;

export type UpstreamDeletePolicy =
  | 'PROPAGATE'
  | 0
  | 'KEEP'
  | 1

export type UpstreamDeletePolicy__Output = typeof UpstreamDeletePolicy[keyof typeof UpstreamDeletePolicy]
