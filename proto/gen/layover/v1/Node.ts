// Original file: proto/layover/v1/node.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { FillBlobReply as _layover_v1_FillBlobReply, FillBlobReply__Output as _layover_v1_FillBlobReply__Output } from '../../layover/v1/FillBlobReply';
import type { FillBlobRequest as _layover_v1_FillBlobRequest, FillBlobRequest__Output as _layover_v1_FillBlobRequest__Output } from '../../layover/v1/FillBlobRequest';
import type { IdentifyReply as _layover_v1_IdentifyReply, IdentifyReply__Output as _layover_v1_IdentifyReply__Output } from '../../layover/v1/IdentifyReply';
import type { IdentifyRequest as _layover_v1_IdentifyRequest, IdentifyRequest__Output as _layover_v1_IdentifyRequest__Output } from '../../layover/v1/IdentifyRequest';
import type { KeepReferrersReply as _layover_v1_KeepReferrersReply, KeepReferrersReply__Output as _layover_v1_KeepReferrersReply__Output } from '../../layover/v1/KeepReferrersReply';
import type { KeepReferrersRequest as _layover_v1_KeepReferrersRequest, KeepReferrersRequest__Output as _layover_v1_KeepReferrersRequest__Output } from '../../layover/v1/KeepReferrersRequest';

export interface NodeClient extends grpc.Client {
  FillBlob(argument: _layover_v1_FillBlobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_FillBlobReply__Output>): grpc.ClientUnaryCall;
  FillBlob(argument: _layover_v1_FillBlobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_FillBlobReply__Output>): grpc.ClientUnaryCall;
  FillBlob(argument: _layover_v1_FillBlobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_FillBlobReply__Output>): grpc.ClientUnaryCall;
  FillBlob(argument: _layover_v1_FillBlobRequest, callback: grpc.requestCallback<_layover_v1_FillBlobReply__Output>): grpc.ClientUnaryCall;
  fillBlob(argument: _layover_v1_FillBlobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_FillBlobReply__Output>): grpc.ClientUnaryCall;
  fillBlob(argument: _layover_v1_FillBlobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_FillBlobReply__Output>): grpc.ClientUnaryCall;
  fillBlob(argument: _layover_v1_FillBlobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_FillBlobReply__Output>): grpc.ClientUnaryCall;
  fillBlob(argument: _layover_v1_FillBlobRequest, callback: grpc.requestCallback<_layover_v1_FillBlobReply__Output>): grpc.ClientUnaryCall;
  
  Identify(argument: _layover_v1_IdentifyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_IdentifyReply__Output>): grpc.ClientUnaryCall;
  Identify(argument: _layover_v1_IdentifyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_IdentifyReply__Output>): grpc.ClientUnaryCall;
  Identify(argument: _layover_v1_IdentifyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_IdentifyReply__Output>): grpc.ClientUnaryCall;
  Identify(argument: _layover_v1_IdentifyRequest, callback: grpc.requestCallback<_layover_v1_IdentifyReply__Output>): grpc.ClientUnaryCall;
  identify(argument: _layover_v1_IdentifyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_IdentifyReply__Output>): grpc.ClientUnaryCall;
  identify(argument: _layover_v1_IdentifyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_IdentifyReply__Output>): grpc.ClientUnaryCall;
  identify(argument: _layover_v1_IdentifyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_IdentifyReply__Output>): grpc.ClientUnaryCall;
  identify(argument: _layover_v1_IdentifyRequest, callback: grpc.requestCallback<_layover_v1_IdentifyReply__Output>): grpc.ClientUnaryCall;
  
  KeepReferrers(argument: _layover_v1_KeepReferrersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_KeepReferrersReply__Output>): grpc.ClientUnaryCall;
  KeepReferrers(argument: _layover_v1_KeepReferrersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_KeepReferrersReply__Output>): grpc.ClientUnaryCall;
  KeepReferrers(argument: _layover_v1_KeepReferrersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_KeepReferrersReply__Output>): grpc.ClientUnaryCall;
  KeepReferrers(argument: _layover_v1_KeepReferrersRequest, callback: grpc.requestCallback<_layover_v1_KeepReferrersReply__Output>): grpc.ClientUnaryCall;
  keepReferrers(argument: _layover_v1_KeepReferrersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_KeepReferrersReply__Output>): grpc.ClientUnaryCall;
  keepReferrers(argument: _layover_v1_KeepReferrersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_KeepReferrersReply__Output>): grpc.ClientUnaryCall;
  keepReferrers(argument: _layover_v1_KeepReferrersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_KeepReferrersReply__Output>): grpc.ClientUnaryCall;
  keepReferrers(argument: _layover_v1_KeepReferrersRequest, callback: grpc.requestCallback<_layover_v1_KeepReferrersReply__Output>): grpc.ClientUnaryCall;
  
}

export interface NodeHandlers extends grpc.UntypedServiceImplementation {
  FillBlob: grpc.handleUnaryCall<_layover_v1_FillBlobRequest__Output, _layover_v1_FillBlobReply>;
  
  Identify: grpc.handleUnaryCall<_layover_v1_IdentifyRequest__Output, _layover_v1_IdentifyReply>;
  
  KeepReferrers: grpc.handleUnaryCall<_layover_v1_KeepReferrersRequest__Output, _layover_v1_KeepReferrersReply>;
  
}

export interface NodeDefinition extends grpc.ServiceDefinition {
  FillBlob: MethodDefinition<_layover_v1_FillBlobRequest, _layover_v1_FillBlobReply, _layover_v1_FillBlobRequest__Output, _layover_v1_FillBlobReply__Output>
  Identify: MethodDefinition<_layover_v1_IdentifyRequest, _layover_v1_IdentifyReply, _layover_v1_IdentifyRequest__Output, _layover_v1_IdentifyReply__Output>
  KeepReferrers: MethodDefinition<_layover_v1_KeepReferrersRequest, _layover_v1_KeepReferrersReply, _layover_v1_KeepReferrersRequest__Output, _layover_v1_KeepReferrersReply__Output>
}
