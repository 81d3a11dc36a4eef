// Original file: proto/layover/v1/registry.proto

import type { RequestContext as _layover_v1_RequestContext, RequestContext__Output as _layover_v1_RequestContext__Output } from '../../layover/v1/RequestContext';
import type { RepositoryAddress as _layover_v1_RepositoryAddress, RepositoryAddress__Output as _layover_v1_RepositoryAddress__Output } from '../../layover/v1/RepositoryAddress';
import type { ByteRange as _layover_v1_ByteRange, ByteRange__Output as _layover_v1_ByteRange__Output } from '../../layover/v1/ByteRange';
import type { Delivery as _layover_v1_Delivery, Delivery__Output as _layover_v1_Delivery__Output } from '../../layover/v1/Delivery';
import type { Long } from '@grpc/proto-loader';

export interface ReadBlobRequest {
  'context'?: (_layover_v1_RequestContext | null);
  'address'?: (_layover_v1_RepositoryAddress | null);
  'digest'?: (string);
  'bytes'?: (_layover_v1_ByteRange | null);
  'suffixLength'?: (number | string | Long);
  'accepts'?: (_layover_v1_Delivery)[];
  'counted'?: (boolean);
  'further'?: (boolean);
  'range'?: "bytes"|"suffixLength";
}

export interface ReadBlobRequest__Output {
  'context': (_layover_v1_RequestContext__Output | null);
  'address': (_layover_v1_RepositoryAddress__Output | null);
  'digest': (string);
  'bytes'?: (_layover_v1_ByteRange__Output | null);
  'suffixLength'?: (number);
  'accepts': (_layover_v1_Delivery__Output)[];
  'counted': (boolean);
  'further': (boolean);
  'range'?: "bytes"|"suffixLength";
}
