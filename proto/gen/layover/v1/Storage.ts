// Original file: proto/layover/v1/storage.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ProbeUpstreamReply as _layover_v1_ProbeUpstreamReply, ProbeUpstreamReply__Output as _layover_v1_ProbeUpstreamReply__Output } from '../../layover/v1/ProbeUpstreamReply';
import type { ProbeUpstreamRequest as _layover_v1_ProbeUpstreamRequest, ProbeUpstreamRequest__Output as _layover_v1_ProbeUpstreamRequest__Output } from '../../layover/v1/ProbeUpstreamRequest';

export interface StorageClient extends grpc.Client {
  ProbeUpstream(argument: _layover_v1_ProbeUpstreamRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  ProbeUpstream(argument: _layover_v1_ProbeUpstreamRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  ProbeUpstream(argument: _layover_v1_ProbeUpstreamRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  ProbeUpstream(argument: _layover_v1_ProbeUpstreamRequest, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  probeUpstream(argument: _layover_v1_ProbeUpstreamRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  probeUpstream(argument: _layover_v1_ProbeUpstreamRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  probeUpstream(argument: _layover_v1_ProbeUpstreamRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  probeUpstream(argument: _layover_v1_ProbeUpstreamRequest, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  
}

export interface StorageHandlers extends grpc.UntypedServiceImplementation {
  ProbeUpstream: grpc.handleUnaryCall<_layover_v1_ProbeUpstreamRequest__Output, _layover_v1_ProbeUpstreamReply>;
  
}

export interface StorageDefinition extends grpc.ServiceDefinition {
  ProbeUpstream: MethodDefinition<_layover_v1_ProbeUpstreamRequest, _layover_v1_ProbeUpstreamReply, _layover_v1_ProbeUpstreamRequest__Output, _layover_v1_ProbeUpstreamReply__Output>
}
