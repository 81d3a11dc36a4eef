// Original file: proto/layover/v1/catalog.proto

export const Visibility = {
  PUBLIC: 'PUBLIC',
  PRIVATE: 'PRIVATE',
} as const;

export type Visibility =
  | 'PUBLIC'
  | 0
  | 'PRIVATE'
  | 1

export type Visibility__Output = typeof Visibility[keyof typeof Visibility]
