import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { Answer as _layover_v1_Answer, Answer__Output as _layover_v1_Answer__Output } from './layover/v1/Answer';
import type { AnswerBatch as _layover_v1_AnswerBatch, AnswerBatch__Output as _layover_v1_AnswerBatch__Output } from './layover/v1/AnswerBatch';
import type { BlobHeader as _layover_v1_BlobHeader, BlobHeader__Output as _layover_v1_BlobHeader__Output } from './layover/v1/BlobHeader';
import type { ByteChannel as _layover_v1_ByteChannel, ByteChannel__Output as _layover_v1_ByteChannel__Output } from './layover/v1/ByteChannel';
import type { ByteRange as _layover_v1_ByteRange, ByteRange__Output as _layover_v1_ByteRange__Output } from './layover/v1/ByteRange';
import type { Call as _layover_v1_Call, Call__Output as _layover_v1_Call__Output } from './layover/v1/Call';
import type { CallBatch as _layover_v1_CallBatch, CallBatch__Output as _layover_v1_CallBatch__Output } from './layover/v1/CallBatch';
import type { CheckAccessReply as _layover_v1_CheckAccessReply, CheckAccessReply__Output as _layover_v1_CheckAccessReply__Output } from './layover/v1/CheckAccessReply';
import type { CheckAccessRequest as _layover_v1_CheckAccessRequest, CheckAccessRequest__Output as _layover_v1_CheckAccessRequest__Output } from './layover/v1/CheckAccessRequest';
import type { EdgeAnswer as _layover_v1_EdgeAnswer, EdgeAnswer__Output as _layover_v1_EdgeAnswer__Output } from './layover/v1/EdgeAnswer';
import type { FileProgress as _layover_v1_FileProgress, FileProgress__Output as _layover_v1_FileProgress__Output } from './layover/v1/FileProgress';
import type { GetManifestReply as _layover_v1_GetManifestReply, GetManifestReply__Output as _layover_v1_GetManifestReply__Output } from './layover/v1/GetManifestReply';
import type { GetManifestRequest as _layover_v1_GetManifestRequest, GetManifestRequest__Output as _layover_v1_GetManifestRequest__Output } from './layover/v1/GetManifestRequest';
import type { IssueTokenReply as _layover_v1_IssueTokenReply, IssueTokenReply__Output as _layover_v1_IssueTokenReply__Output } from './layover/v1/IssueTokenReply';
import type { IssueTokenRequest as _layover_v1_IssueTokenRequest, IssueTokenRequest__Output as _layover_v1_IssueTokenRequest__Output } from './layover/v1/IssueTokenRequest';
import type { ListReferrersReply as _layover_v1_ListReferrersReply, ListReferrersReply__Output as _layover_v1_ListReferrersReply__Output } from './layover/v1/ListReferrersReply';
import type { ListReferrersRequest as _layover_v1_ListReferrersRequest, ListReferrersRequest__Output as _layover_v1_ListReferrersRequest__Output } from './layover/v1/ListReferrersRequest';
import type { ListRepositoriesReply as _layover_v1_ListRepositoriesReply, ListRepositoriesReply__Output as _layover_v1_ListRepositoriesReply__Output } from './layover/v1/ListRepositoriesReply';
import type { ListRepositoriesRequest as _layover_v1_ListRepositoriesRequest, ListRepositoriesRequest__Output as _layover_v1_ListRepositoriesRequest__Output } from './layover/v1/ListRepositoriesRequest';
import type { ListTagsReply as _layover_v1_ListTagsReply, ListTagsReply__Output as _layover_v1_ListTagsReply__Output } from './layover/v1/ListTagsReply';
import type { ListTagsRequest as _layover_v1_ListTagsRequest, ListTagsRequest__Output as _layover_v1_ListTagsRequest__Output } from './layover/v1/ListTagsRequest';
import type { OpenBlobReply as _layover_v1_OpenBlobReply, OpenBlobReply__Output as _layover_v1_OpenBlobReply__Output } from './layover/v1/OpenBlobReply';
import type { ReadBlobReply as _layover_v1_ReadBlobReply, ReadBlobReply__Output as _layover_v1_ReadBlobReply__Output } from './layover/v1/ReadBlobReply';
import type { ReadBlobRequest as _layover_v1_ReadBlobRequest, ReadBlobRequest__Output as _layover_v1_ReadBlobRequest__Output } from './layover/v1/ReadBlobRequest';
import type { RecordAnswersReply as _layover_v1_RecordAnswersReply, RecordAnswersReply__Output as _layover_v1_RecordAnswersReply__Output } from './layover/v1/RecordAnswersReply';
import type { RecordAnswersRequest as _layover_v1_RecordAnswersRequest, RecordAnswersRequest__Output as _layover_v1_RecordAnswersRequest__Output } from './layover/v1/RecordAnswersRequest';
import type { RegistryClient as _layover_v1_RegistryClient, RegistryDefinition as _layover_v1_RegistryDefinition } from './layover/v1/Registry';
import type { RepositoryAddress as _layover_v1_RepositoryAddress, RepositoryAddress__Output as _layover_v1_RepositoryAddress__Output } from './layover/v1/RepositoryAddress';
import type { RequestContext as _layover_v1_RequestContext, RequestContext__Output as _layover_v1_RequestContext__Output } from './layover/v1/RequestContext';
import type { StatBlobReply as _layover_v1_StatBlobReply, StatBlobReply__Output as _layover_v1_StatBlobReply__Output } from './layover/v1/StatBlobReply';
import type { StatBlobRequest as _layover_v1_StatBlobRequest, StatBlobRequest__Output as _layover_v1_StatBlobRequest__Output } from './layover/v1/StatBlobRequest';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  layover: {
    v1: {
      Answer: MessageTypeDefinition<_layover_v1_Answer, _layover_v1_Answer__Output>
      AnswerBatch: MessageTypeDefinition<_layover_v1_AnswerBatch, _layover_v1_AnswerBatch__Output>
      BlobHeader: MessageTypeDefinition<_layover_v1_BlobHeader, _layover_v1_BlobHeader__Output>
      ByteChannel: MessageTypeDefinition<_layover_v1_ByteChannel, _layover_v1_ByteChannel__Output>
      ByteRange: MessageTypeDefinition<_layover_v1_ByteRange, _layover_v1_ByteRange__Output>
      CacheStatus: EnumTypeDefinition
      Call: MessageTypeDefinition<_layover_v1_Call, _layover_v1_Call__Output>
      CallBatch: MessageTypeDefinition<_layover_v1_CallBatch, _layover_v1_CallBatch__Output>
      CheckAccessReply: MessageTypeDefinition<_layover_v1_CheckAccessReply, _layover_v1_CheckAccessReply__Output>
      CheckAccessRequest: MessageTypeDefinition<_layover_v1_CheckAccessRequest, _layover_v1_CheckAccessRequest__Output>
      Delivery: EnumTypeDefinition
      EdgeAnswer: MessageTypeDefinition<_layover_v1_EdgeAnswer, _layover_v1_EdgeAnswer__Output>
      FileProgress: MessageTypeDefinition<_layover_v1_FileProgress, _layover_v1_FileProgress__Output>
      GetManifestReply: MessageTypeDefinition<_layover_v1_GetManifestReply, _layover_v1_GetManifestReply__Output>
      GetManifestRequest: MessageTypeDefinition<_layover_v1_GetManifestRequest, _layover_v1_GetManifestRequest__Output>
      IssueTokenReply: MessageTypeDefinition<_layover_v1_IssueTokenReply, _layover_v1_IssueTokenReply__Output>
      IssueTokenRequest: MessageTypeDefinition<_layover_v1_IssueTokenRequest, _layover_v1_IssueTokenRequest__Output>
      ListReferrersReply: MessageTypeDefinition<_layover_v1_ListReferrersReply, _layover_v1_ListReferrersReply__Output>
      ListReferrersRequest: MessageTypeDefinition<_layover_v1_ListReferrersRequest, _layover_v1_ListReferrersRequest__Output>
      ListRepositoriesReply: MessageTypeDefinition<_layover_v1_ListRepositoriesReply, _layover_v1_ListRepositoriesReply__Output>
      ListRepositoriesRequest: MessageTypeDefinition<_layover_v1_ListRepositoriesRequest, _layover_v1_ListRepositoriesRequest__Output>
      ListTagsReply: MessageTypeDefinition<_layover_v1_ListTagsReply, _layover_v1_ListTagsReply__Output>
      ListTagsRequest: MessageTypeDefinition<_layover_v1_ListTagsRequest, _layover_v1_ListTagsRequest__Output>
      OpenBlobReply: MessageTypeDefinition<_layover_v1_OpenBlobReply, _layover_v1_OpenBlobReply__Output>
      ReadBlobReply: MessageTypeDefinition<_layover_v1_ReadBlobReply, _layover_v1_ReadBlobReply__Output>
      ReadBlobRequest: MessageTypeDefinition<_layover_v1_ReadBlobRequest, _layover_v1_ReadBlobRequest__Output>
      RecordAnswersReply: MessageTypeDefinition<_layover_v1_RecordAnswersReply, _layover_v1_RecordAnswersReply__Output>
      RecordAnswersRequest: MessageTypeDefinition<_layover_v1_RecordAnswersRequest, _layover_v1_RecordAnswersRequest__Output>
      Registry: SubtypeConstructor<typeof grpc.Client, _layover_v1_RegistryClient> & { service: _layover_v1_RegistryDefinition }
      RepositoryAddress: MessageTypeDefinition<_layover_v1_RepositoryAddress, _layover_v1_RepositoryAddress__Output>
      RequestContext: MessageTypeDefinition<_layover_v1_RequestContext, _layover_v1_RequestContext__Output>
      StatBlobReply: MessageTypeDefinition<_layover_v1_StatBlobReply, _layover_v1_StatBlobReply__Output>
      StatBlobRequest: MessageTypeDefinition<_layover_v1_StatBlobRequest, _layover_v1_StatBlobRequest__Output>
    }
  }
}

