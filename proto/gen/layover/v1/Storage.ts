// Original file: proto/layover/v1/storage.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DeleteBlobsReply as _layover_v1_DeleteBlobsReply, DeleteBlobsReply__Output as _layover_v1_DeleteBlobsReply__Output } from '../../layover/v1/DeleteBlobsReply';
import type { DeleteBlobsRequest as _layover_v1_DeleteBlobsRequest, DeleteBlobsRequest__Output as _layover_v1_DeleteBlobsRequest__Output } from '../../layover/v1/DeleteBlobsRequest';
import type { ListBlobsReply as _layover_v1_ListBlobsReply, ListBlobsReply__Output as _layover_v1_ListBlobsReply__Output } from '../../layover/v1/ListBlobsReply';
import type { ListBlobsRequest as _layover_v1_ListBlobsRequest, ListBlobsRequest__Output as _layover_v1_ListBlobsRequest__Output } from '../../layover/v1/ListBlobsRequest';
import type { ProbeUpstreamReply as _layover_v1_ProbeUpstreamReply, ProbeUpstreamReply__Output as _layover_v1_ProbeUpstreamReply__Output } from '../../layover/v1/ProbeUpstreamReply';
import type { ProbeUpstreamRequest as _layover_v1_ProbeUpstreamRequest, ProbeUpstreamRequest__Output as _layover_v1_ProbeUpstreamRequest__Output } from '../../layover/v1/ProbeUpstreamRequest';
import type { StatBlobsReply as _layover_v1_StatBlobsReply, StatBlobsReply__Output as _layover_v1_StatBlobsReply__Output } from '../../layover/v1/StatBlobsReply';
import type { StatBlobsRequest as _layover_v1_StatBlobsRequest, StatBlobsRequest__Output as _layover_v1_StatBlobsRequest__Output } from '../../layover/v1/StatBlobsRequest';
import type { StatJournalReply as _layover_v1_StatJournalReply, StatJournalReply__Output as _layover_v1_StatJournalReply__Output } from '../../layover/v1/StatJournalReply';
import type { StatJournalRequest as _layover_v1_StatJournalRequest, StatJournalRequest__Output as _layover_v1_StatJournalRequest__Output } from '../../layover/v1/StatJournalRequest';
import type { VerifyBlobsReply as _layover_v1_VerifyBlobsReply, VerifyBlobsReply__Output as _layover_v1_VerifyBlobsReply__Output } from '../../layover/v1/VerifyBlobsReply';
import type { VerifyBlobsRequest as _layover_v1_VerifyBlobsRequest, VerifyBlobsRequest__Output as _layover_v1_VerifyBlobsRequest__Output } from '../../layover/v1/VerifyBlobsRequest';

export interface StorageClient extends grpc.Client {
  DeleteBlobs(argument: _layover_v1_DeleteBlobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_DeleteBlobsReply__Output>): grpc.ClientUnaryCall;
  DeleteBlobs(argument: _layover_v1_DeleteBlobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_DeleteBlobsReply__Output>): grpc.ClientUnaryCall;
  DeleteBlobs(argument: _layover_v1_DeleteBlobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_DeleteBlobsReply__Output>): grpc.ClientUnaryCall;
  DeleteBlobs(argument: _layover_v1_DeleteBlobsRequest, callback: grpc.requestCallback<_layover_v1_DeleteBlobsReply__Output>): grpc.ClientUnaryCall;
  deleteBlobs(argument: _layover_v1_DeleteBlobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_DeleteBlobsReply__Output>): grpc.ClientUnaryCall;
  deleteBlobs(argument: _layover_v1_DeleteBlobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_DeleteBlobsReply__Output>): grpc.ClientUnaryCall;
  deleteBlobs(argument: _layover_v1_DeleteBlobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_DeleteBlobsReply__Output>): grpc.ClientUnaryCall;
  deleteBlobs(argument: _layover_v1_DeleteBlobsRequest, callback: grpc.requestCallback<_layover_v1_DeleteBlobsReply__Output>): grpc.ClientUnaryCall;
  
  ListBlobs(argument: _layover_v1_ListBlobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListBlobsReply__Output>): grpc.ClientUnaryCall;
  ListBlobs(argument: _layover_v1_ListBlobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListBlobsReply__Output>): grpc.ClientUnaryCall;
  ListBlobs(argument: _layover_v1_ListBlobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListBlobsReply__Output>): grpc.ClientUnaryCall;
  ListBlobs(argument: _layover_v1_ListBlobsRequest, callback: grpc.requestCallback<_layover_v1_ListBlobsReply__Output>): grpc.ClientUnaryCall;
  listBlobs(argument: _layover_v1_ListBlobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListBlobsReply__Output>): grpc.ClientUnaryCall;
  listBlobs(argument: _layover_v1_ListBlobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListBlobsReply__Output>): grpc.ClientUnaryCall;
  listBlobs(argument: _layover_v1_ListBlobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListBlobsReply__Output>): grpc.ClientUnaryCall;
  listBlobs(argument: _layover_v1_ListBlobsRequest, callback: grpc.requestCallback<_layover_v1_ListBlobsReply__Output>): grpc.ClientUnaryCall;
  
  ProbeUpstream(argument: _layover_v1_ProbeUpstreamRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  ProbeUpstream(argument: _layover_v1_ProbeUpstreamRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  ProbeUpstream(argument: _layover_v1_ProbeUpstreamRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  ProbeUpstream(argument: _layover_v1_ProbeUpstreamRequest, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  probeUpstream(argument: _layover_v1_ProbeUpstreamRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  probeUpstream(argument: _layover_v1_ProbeUpstreamRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  probeUpstream(argument: _layover_v1_ProbeUpstreamRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  probeUpstream(argument: _layover_v1_ProbeUpstreamRequest, callback: grpc.requestCallback<_layover_v1_ProbeUpstreamReply__Output>): grpc.ClientUnaryCall;
  
  StatBlobs(argument: _layover_v1_StatBlobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatBlobsReply__Output>): grpc.ClientUnaryCall;
  StatBlobs(argument: _layover_v1_StatBlobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_StatBlobsReply__Output>): grpc.ClientUnaryCall;
  StatBlobs(argument: _layover_v1_StatBlobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatBlobsReply__Output>): grpc.ClientUnaryCall;
  StatBlobs(argument: _layover_v1_StatBlobsRequest, callback: grpc.requestCallback<_layover_v1_StatBlobsReply__Output>): grpc.ClientUnaryCall;
  statBlobs(argument: _layover_v1_StatBlobsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatBlobsReply__Output>): grpc.ClientUnaryCall;
  statBlobs(argument: _layover_v1_StatBlobsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_StatBlobsReply__Output>): grpc.ClientUnaryCall;
  statBlobs(argument: _layover_v1_StatBlobsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatBlobsReply__Output>): grpc.ClientUnaryCall;
  statBlobs(argument: _layover_v1_StatBlobsRequest, callback: grpc.requestCallback<_layover_v1_StatBlobsReply__Output>): grpc.ClientUnaryCall;
  
  StatJournal(argument: _layover_v1_StatJournalRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatJournalReply__Output>): grpc.ClientUnaryCall;
  StatJournal(argument: _layover_v1_StatJournalRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_StatJournalReply__Output>): grpc.ClientUnaryCall;
  StatJournal(argument: _layover_v1_StatJournalRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatJournalReply__Output>): grpc.ClientUnaryCall;
  StatJournal(argument: _layover_v1_StatJournalRequest, callback: grpc.requestCallback<_layover_v1_StatJournalReply__Output>): grpc.ClientUnaryCall;
  statJournal(argument: _layover_v1_StatJournalRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatJournalReply__Output>): grpc.ClientUnaryCall;
  statJournal(argument: _layover_v1_StatJournalRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_StatJournalReply__Output>): grpc.ClientUnaryCall;
  statJournal(argument: _layover_v1_StatJournalRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatJournalReply__Output>): grpc.ClientUnaryCall;
  statJournal(argument: _layover_v1_StatJournalRequest, callback: grpc.requestCallback<_layover_v1_StatJournalReply__Output>): grpc.ClientUnaryCall;
  
  VerifyBlobs(argument: _layover_v1_VerifyBlobsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_VerifyBlobsReply__Output>;
  VerifyBlobs(argument: _layover_v1_VerifyBlobsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_VerifyBlobsReply__Output>;
  verifyBlobs(argument: _layover_v1_VerifyBlobsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_VerifyBlobsReply__Output>;
  verifyBlobs(argument: _layover_v1_VerifyBlobsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_VerifyBlobsReply__Output>;
  
}

export interface StorageHandlers extends grpc.UntypedServiceImplementation {
  DeleteBlobs: grpc.handleUnaryCall<_layover_v1_DeleteBlobsRequest__Output, _layover_v1_DeleteBlobsReply>;
  
  ListBlobs: grpc.handleUnaryCall<_layover_v1_ListBlobsRequest__Output, _layover_v1_ListBlobsReply>;
  
  ProbeUpstream: grpc.handleUnaryCall<_layover_v1_ProbeUpstreamRequest__Output, _layover_v1_ProbeUpstreamReply>;
  
  StatBlobs: grpc.handleUnaryCall<_layover_v1_StatBlobsRequest__Output, _layover_v1_StatBlobsReply>;
  
  StatJournal: grpc.handleUnaryCall<_layover_v1_StatJournalRequest__Output, _layover_v1_StatJournalReply>;
  
  VerifyBlobs: grpc.handleServerStreamingCall<_layover_v1_VerifyBlobsRequest__Output, _layover_v1_VerifyBlobsReply>;
  
}

export interface StorageDefinition extends grpc.ServiceDefinition {
  DeleteBlobs: MethodDefinition<_layover_v1_DeleteBlobsRequest, _layover_v1_DeleteBlobsReply, _layover_v1_DeleteBlobsRequest__Output, _layover_v1_DeleteBlobsReply__Output>
  ListBlobs: MethodDefinition<_layover_v1_ListBlobsRequest, _layover_v1_ListBlobsReply, _layover_v1_ListBlobsRequest__Output, _layover_v1_ListBlobsReply__Output>
  ProbeUpstream: MethodDefinition<_layover_v1_ProbeUpstreamRequest, _layover_v1_ProbeUpstreamReply, _layover_v1_ProbeUpstreamRequest__Output, _layover_v1_ProbeUpstreamReply__Output>
  StatBlobs: MethodDefinition<_layover_v1_StatBlobsRequest, _layover_v1_StatBlobsReply, _layover_v1_StatBlobsRequest__Output, _layover_v1_StatBlobsReply__Output>
  StatJournal: MethodDefinition<_layover_v1_StatJournalRequest, _layover_v1_StatJournalReply, _layover_v1_StatJournalRequest__Output, _layover_v1_StatJournalReply__Output>
  VerifyBlobs: MethodDefinition<_layover_v1_VerifyBlobsRequest, _layover_v1_VerifyBlobsReply, _layover_v1_VerifyBlobsRequest__Output, _layover_v1_VerifyBlobsReply__Output>
}
