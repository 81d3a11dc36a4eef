import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { FillBlobReply as _layover_v1_FillBlobReply, FillBlobReply__Output as _layover_v1_FillBlobReply__Output } from './layover/v1/FillBlobReply';
import type { FillBlobRequest as _layover_v1_FillBlobRequest, FillBlobRequest__Output as _layover_v1_FillBlobRequest__Output } from './layover/v1/FillBlobRequest';
import type { IdentifyReply as _layover_v1_IdentifyReply, IdentifyReply__Output as _layover_v1_IdentifyReply__Output } from './layover/v1/IdentifyReply';
import type { IdentifyRequest as _layover_v1_IdentifyRequest, IdentifyRequest__Output as _layover_v1_IdentifyRequest__Output } from './layover/v1/IdentifyRequest';
import type { KeepReferrersReply as _layover_v1_KeepReferrersReply, KeepReferrersReply__Output as _layover_v1_KeepReferrersReply__Output } from './layover/v1/KeepReferrersReply';
import type { KeepReferrersRequest as _layover_v1_KeepReferrersRequest, KeepReferrersRequest__Output as _layover_v1_KeepReferrersRequest__Output } from './layover/v1/KeepReferrersRequest';
import type { NodeClient as _layover_v1_NodeClient, NodeDefinition as _layover_v1_NodeDefinition } from './layover/v1/Node';
import type { ReferrersPosition as _layover_v1_ReferrersPosition, ReferrersPosition__Output as _layover_v1_ReferrersPosition__Output } from './layover/v1/ReferrersPosition';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  layover: {
    v1: {
      FillBlobReply: MessageTypeDefinition<_layover_v1_FillBlobReply, _layover_v1_FillBlobReply__Output>
      FillBlobRequest: MessageTypeDefinition<_layover_v1_FillBlobRequest, _layover_v1_FillBlobRequest__Output>
      IdentifyReply: MessageTypeDefinition<_layover_v1_IdentifyReply, _layover_v1_IdentifyReply__Output>
      IdentifyRequest: MessageTypeDefinition<_layover_v1_IdentifyRequest, _layover_v1_IdentifyRequest__Output>
      KeepReferrersReply: MessageTypeDefinition<_layover_v1_KeepReferrersReply, _layover_v1_KeepReferrersReply__Output>
      KeepReferrersRequest: MessageTypeDefinition<_layover_v1_KeepReferrersRequest, _layover_v1_KeepReferrersRequest__Output>
      Node: SubtypeConstructor<typeof grpc.Client, _layover_v1_NodeClient> & { service: _layover_v1_NodeDefinition }
      ReferrersPosition: MessageTypeDefinition<_layover_v1_ReferrersPosition, _layover_v1_ReferrersPosition__Output>
    }
  }
}

