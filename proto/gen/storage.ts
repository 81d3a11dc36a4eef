import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { ProbeUpstreamReply as _layover_v1_ProbeUpstreamReply, ProbeUpstreamReply__Output as _layover_v1_ProbeUpstreamReply__Output } from './layover/v1/ProbeUpstreamReply';
import type { ProbeUpstreamRequest as _layover_v1_ProbeUpstreamRequest, ProbeUpstreamRequest__Output as _layover_v1_ProbeUpstreamRequest__Output } from './layover/v1/ProbeUpstreamRequest';
import type { StorageClient as _layover_v1_StorageClient, StorageDefinition as _layover_v1_StorageDefinition } from './layover/v1/Storage';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  layover: {
    v1: {
      ProbeOutcome: EnumTypeDefinition
      ProbeUpstreamReply: MessageTypeDefinition<_layover_v1_ProbeUpstreamReply, _layover_v1_ProbeUpstreamReply__Output>
      ProbeUpstreamRequest: MessageTypeDefinition<_layover_v1_ProbeUpstreamRequest, _layover_v1_ProbeUpstreamRequest__Output>
      Storage: SubtypeConstructor<typeof grpc.Client, _layover_v1_StorageClient> & { service: _layover_v1_StorageDefinition }
    }
  }
}

