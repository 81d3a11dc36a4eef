import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { BlobState as _layover_v1_BlobState, BlobState__Output as _layover_v1_BlobState__Output } from './layover/v1/BlobState';
import type { DeleteBlobsReply as _layover_v1_DeleteBlobsReply, DeleteBlobsReply__Output as _layover_v1_DeleteBlobsReply__Output } from './layover/v1/DeleteBlobsReply';
import type { DeleteBlobsRequest as _layover_v1_DeleteBlobsRequest, DeleteBlobsRequest__Output as _layover_v1_DeleteBlobsRequest__Output } from './layover/v1/DeleteBlobsRequest';
import type { DeletedBlob as _layover_v1_DeletedBlob, DeletedBlob__Output as _layover_v1_DeletedBlob__Output } from './layover/v1/DeletedBlob';
import type { ListBlobsReply as _layover_v1_ListBlobsReply, ListBlobsReply__Output as _layover_v1_ListBlobsReply__Output } from './layover/v1/ListBlobsReply';
import type { ListBlobsRequest as _layover_v1_ListBlobsRequest, ListBlobsRequest__Output as _layover_v1_ListBlobsRequest__Output } from './layover/v1/ListBlobsRequest';
import type { ProbeUpstreamReply as _layover_v1_ProbeUpstreamReply, ProbeUpstreamReply__Output as _layover_v1_ProbeUpstreamReply__Output } from './layover/v1/ProbeUpstreamReply';
import type { ProbeUpstreamRequest as _layover_v1_ProbeUpstreamRequest, ProbeUpstreamRequest__Output as _layover_v1_ProbeUpstreamRequest__Output } from './layover/v1/ProbeUpstreamRequest';
import type { StatBlobsReply as _layover_v1_StatBlobsReply, StatBlobsReply__Output as _layover_v1_StatBlobsReply__Output } from './layover/v1/StatBlobsReply';
import type { StatBlobsRequest as _layover_v1_StatBlobsRequest, StatBlobsRequest__Output as _layover_v1_StatBlobsRequest__Output } from './layover/v1/StatBlobsRequest';
import type { StatJournalReply as _layover_v1_StatJournalReply, StatJournalReply__Output as _layover_v1_StatJournalReply__Output } from './layover/v1/StatJournalReply';
import type { StatJournalRequest as _layover_v1_StatJournalRequest, StatJournalRequest__Output as _layover_v1_StatJournalRequest__Output } from './layover/v1/StatJournalRequest';
import type { StorageClient as _layover_v1_StorageClient, StorageDefinition as _layover_v1_StorageDefinition } from './layover/v1/Storage';
import type { StoredBlob as _layover_v1_StoredBlob, StoredBlob__Output as _layover_v1_StoredBlob__Output } from './layover/v1/StoredBlob';
import type { VerifyBlobsReply as _layover_v1_VerifyBlobsReply, VerifyBlobsReply__Output as _layover_v1_VerifyBlobsReply__Output } from './layover/v1/VerifyBlobsReply';
import type { VerifyBlobsRequest as _layover_v1_VerifyBlobsRequest, VerifyBlobsRequest__Output as _layover_v1_VerifyBlobsRequest__Output } from './layover/v1/VerifyBlobsRequest';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  layover: {
    v1: {
      BlobState: MessageTypeDefinition<_layover_v1_BlobState, _layover_v1_BlobState__Output>
      DeleteBlobsReply: MessageTypeDefinition<_layover_v1_DeleteBlobsReply, _layover_v1_DeleteBlobsReply__Output>
      DeleteBlobsRequest: MessageTypeDefinition<_layover_v1_DeleteBlobsRequest, _layover_v1_DeleteBlobsRequest__Output>
      DeleteOutcome: EnumTypeDefinition
      DeletedBlob: MessageTypeDefinition<_layover_v1_DeletedBlob, _layover_v1_DeletedBlob__Output>
      ListBlobsReply: MessageTypeDefinition<_layover_v1_ListBlobsReply, _layover_v1_ListBlobsReply__Output>
      ListBlobsRequest: MessageTypeDefinition<_layover_v1_ListBlobsRequest, _layover_v1_ListBlobsRequest__Output>
      ProbeOutcome: EnumTypeDefinition
      ProbeUpstreamReply: MessageTypeDefinition<_layover_v1_ProbeUpstreamReply, _layover_v1_ProbeUpstreamReply__Output>
      ProbeUpstreamRequest: MessageTypeDefinition<_layover_v1_ProbeUpstreamRequest, _layover_v1_ProbeUpstreamRequest__Output>
      StatBlobsReply: MessageTypeDefinition<_layover_v1_StatBlobsReply, _layover_v1_StatBlobsReply__Output>
      StatBlobsRequest: MessageTypeDefinition<_layover_v1_StatBlobsRequest, _layover_v1_StatBlobsRequest__Output>
      StatJournalReply: MessageTypeDefinition<_layover_v1_StatJournalReply, _layover_v1_StatJournalReply__Output>
      StatJournalRequest: MessageTypeDefinition<_layover_v1_StatJournalRequest, _layover_v1_StatJournalRequest__Output>
      Storage: SubtypeConstructor<typeof grpc.Client, _layover_v1_StorageClient> & { service: _layover_v1_StorageDefinition }
      StoredBlob: MessageTypeDefinition<_layover_v1_StoredBlob, _layover_v1_StoredBlob__Output>
      VerifyBlobsReply: MessageTypeDefinition<_layover_v1_VerifyBlobsReply, _layover_v1_VerifyBlobsReply__Output>
      VerifyBlobsRequest: MessageTypeDefinition<_layover_v1_VerifyBlobsRequest, _layover_v1_VerifyBlobsRequest__Output>
      VerifyOutcome: EnumTypeDefinition
    }
  }
}

