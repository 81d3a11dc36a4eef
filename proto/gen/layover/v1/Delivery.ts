// Original file: proto/layover/v1/registry.proto

export const Delivery = {
  DELIVERY_UNSPECIFIED: 'DELIVERY_UNSPECIFIED',
  INLINE: 'INLINE',
  LOCAL_FILE: 'LOCAL_FILE',
  REDIRECT: 'REDIRECT',
  CHANNEL: 'CHANNEL',
} as const;

export type Delivery =
  | 'DELIVERY_UNSPECIFIED'
  | 0
  | 'INLINE'
  | 1
  | 'LOCAL_FILE'
  | 2
  | 'REDIRECT'
  | 3
  | 'CHANNEL'
  | 4

export type Delivery__Output = typeof Delivery[keyof typeof Delivery]
