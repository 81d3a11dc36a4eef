// Original file: proto/layover/v1/catalog.proto

import type { Long } from '@grpc/proto-loader';

export interface Robot {
  'name'?: (string);
  'secretSha256'?: (Buffer | Uint8Array | string);
  'grantedUids'?: (string)[];
  'expiresAt'?: (number | string | Long);
  'previousSecretSha256'?: (Buffer | Uint8Array | string);
  'previousSecretEndsAt'?: (number | string | Long);
}

export interface Robot__Output {
  'name': (string);
  'secretSha256': (Buffer);
  'grantedUids': (string)[];
  'expiresAt': (number);
  'previousSecretSha256': (Buffer);
  'previousSecretEndsAt': (number);
}
