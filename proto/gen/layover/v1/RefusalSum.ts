// Original file: proto/layover/v1/catalog.proto

import type { RefusalCount as _layover_v1_RefusalCount, RefusalCount__Output as _layover_v1_RefusalCount__Output } from '../../layover/v1/RefusalCount';
import type { Long } from '@grpc/proto-loader';

// Original file: proto/layover/v1/catalog.proto

export const _layover_v1_RefusalSum_Kind = {
  KIND_UNSPECIFIED: 'KIND_UNSPECIFIED',
  PULL: 'PULL',
  LOGIN: 'LOGIN',
} as const;

export type _layover_v1_RefusalSum_Kind =
  | 'KIND_UNSPECIFIED'
  | 0
  | 'PULL'
  | 1
  | 'LOGIN'
  | 2

export type _layover_v1_RefusalSum_Kind__Output = typeof _layover_v1_RefusalSum_Kind[keyof typeof _layover_v1_RefusalSum_Kind]

export interface RefusalSum {
  'kind'?: (_layover_v1_RefusalSum_Kind);
  'organizationUid'?: (string);
  'organization'?: (string);
  'clientAddress'?: (string);
  'otherClients'?: (boolean);
  'robot'?: (string);
  'count'?: (number | string | Long);
  'firstAt'?: (number | string | Long);
  'lastAt'?: (number | string | Long);
  'errors'?: (_layover_v1_RefusalCount)[];
  'references'?: (string)[];
  'userAgent'?: (string);
  'requestId'?: (string);
}

export interface RefusalSum__Output {
  'kind': (_layover_v1_RefusalSum_Kind__Output);
  'organizationUid': (string);
  'organization': (string);
  'clientAddress': (string);
  'otherClients': (boolean);
  'robot': (string);
  'count': (number);
  'firstAt': (number);
  'lastAt': (number);
  'errors': (_layover_v1_RefusalCount__Output)[];
  'references': (string)[];
  'userAgent': (string);
  'requestId': (string);
}
