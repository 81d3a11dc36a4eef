// Original file: proto/layover/v1/registry.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AnswerBatch as _layover_v1_AnswerBatch, AnswerBatch__Output as _layover_v1_AnswerBatch__Output } from '../../layover/v1/AnswerBatch';
import type { CallBatch as _layover_v1_CallBatch, CallBatch__Output as _layover_v1_CallBatch__Output } from '../../layover/v1/CallBatch';
import type { ReadBlobReply as _layover_v1_ReadBlobReply, ReadBlobReply__Output as _layover_v1_ReadBlobReply__Output } from '../../layover/v1/ReadBlobReply';
import type { ReadBlobRequest as _layover_v1_ReadBlobRequest, ReadBlobRequest__Output as _layover_v1_ReadBlobRequest__Output } from '../../layover/v1/ReadBlobRequest';

export interface RegistryClient extends grpc.Client {
  AnswerCalls(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_layover_v1_CallBatch, _layover_v1_AnswerBatch__Output>;
  AnswerCalls(options?: grpc.CallOptions): grpc.ClientDuplexStream<_layover_v1_CallBatch, _layover_v1_AnswerBatch__Output>;
  answerCalls(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_layover_v1_CallBatch, _layover_v1_AnswerBatch__Output>;
  answerCalls(options?: grpc.CallOptions): grpc.ClientDuplexStream<_layover_v1_CallBatch, _layover_v1_AnswerBatch__Output>;
  
  ReadBlob(argument: _layover_v1_ReadBlobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_ReadBlobReply__Output>;
  ReadBlob(argument: _layover_v1_ReadBlobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_ReadBlobReply__Output>;
  readBlob(argument: _layover_v1_ReadBlobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_ReadBlobReply__Output>;
  readBlob(argument: _layover_v1_ReadBlobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_ReadBlobReply__Output>;
  
}

export interface RegistryHandlers extends grpc.UntypedServiceImplementation {
  AnswerCalls: grpc.handleBidiStreamingCall<_layover_v1_CallBatch__Output, _layover_v1_AnswerBatch>;
  
  ReadBlob: grpc.handleServerStreamingCall<_layover_v1_ReadBlobRequest__Output, _layover_v1_ReadBlobReply>;
  
}

export interface RegistryDefinition extends grpc.ServiceDefinition {
  AnswerCalls: MethodDefinition<_layover_v1_CallBatch, _layover_v1_AnswerBatch, _layover_v1_CallBatch__Output, _layover_v1_AnswerBatch__Output>
  ReadBlob: MethodDefinition<_layover_v1_ReadBlobRequest, _layover_v1_ReadBlobReply, _layover_v1_ReadBlobRequest__Output, _layover_v1_ReadBlobReply__Output>
}
