// Original file: proto/layover/v1/registry.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CheckAccessReply as _layover_v1_CheckAccessReply, CheckAccessReply__Output as _layover_v1_CheckAccessReply__Output } from '../../layover/v1/CheckAccessReply';
import type { CheckAccessRequest as _layover_v1_CheckAccessRequest, CheckAccessRequest__Output as _layover_v1_CheckAccessRequest__Output } from '../../layover/v1/CheckAccessRequest';
import type { GetManifestReply as _layover_v1_GetManifestReply, GetManifestReply__Output as _layover_v1_GetManifestReply__Output } from '../../layover/v1/GetManifestReply';
import type { GetManifestRequest as _layover_v1_GetManifestRequest, GetManifestRequest__Output as _layover_v1_GetManifestRequest__Output } from '../../layover/v1/GetManifestRequest';
import type { IssueTokenReply as _layover_v1_IssueTokenReply, IssueTokenReply__Output as _layover_v1_IssueTokenReply__Output } from '../../layover/v1/IssueTokenReply';
import type { IssueTokenRequest as _layover_v1_IssueTokenRequest, IssueTokenRequest__Output as _layover_v1_IssueTokenRequest__Output } from '../../layover/v1/IssueTokenRequest';
import type { ListReferrersReply as _layover_v1_ListReferrersReply, ListReferrersReply__Output as _layover_v1_ListReferrersReply__Output } from '../../layover/v1/ListReferrersReply';
import type { ListReferrersRequest as _layover_v1_ListReferrersRequest, ListReferrersRequest__Output as _layover_v1_ListReferrersRequest__Output } from '../../layover/v1/ListReferrersRequest';
import type { ListRepositoriesReply as _layover_v1_ListRepositoriesReply, ListRepositoriesReply__Output as _layover_v1_ListRepositoriesReply__Output } from '../../layover/v1/ListRepositoriesReply';
import type { ListRepositoriesRequest as _layover_v1_ListRepositoriesRequest, ListRepositoriesRequest__Output as _layover_v1_ListRepositoriesRequest__Output } from '../../layover/v1/ListRepositoriesRequest';
import type { ListTagsReply as _layover_v1_ListTagsReply, ListTagsReply__Output as _layover_v1_ListTagsReply__Output } from '../../layover/v1/ListTagsReply';
import type { ListTagsRequest as _layover_v1_ListTagsRequest, ListTagsRequest__Output as _layover_v1_ListTagsRequest__Output } from '../../layover/v1/ListTagsRequest';
import type { ReadBlobReply as _layover_v1_ReadBlobReply, ReadBlobReply__Output as _layover_v1_ReadBlobReply__Output } from '../../layover/v1/ReadBlobReply';
import type { ReadBlobRequest as _layover_v1_ReadBlobRequest, ReadBlobRequest__Output as _layover_v1_ReadBlobRequest__Output } from '../../layover/v1/ReadBlobRequest';
import type { StatBlobReply as _layover_v1_StatBlobReply, StatBlobReply__Output as _layover_v1_StatBlobReply__Output } from '../../layover/v1/StatBlobReply';
import type { StatBlobRequest as _layover_v1_StatBlobRequest, StatBlobRequest__Output as _layover_v1_StatBlobRequest__Output } from '../../layover/v1/StatBlobRequest';

export interface RegistryClient extends grpc.Client {
  CheckAccess(argument: _layover_v1_CheckAccessRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_CheckAccessReply__Output>): grpc.ClientUnaryCall;
  CheckAccess(argument: _layover_v1_CheckAccessRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_CheckAccessReply__Output>): grpc.ClientUnaryCall;
  CheckAccess(argument: _layover_v1_CheckAccessRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_CheckAccessReply__Output>): grpc.ClientUnaryCall;
  CheckAccess(argument: _layover_v1_CheckAccessRequest, callback: grpc.requestCallback<_layover_v1_CheckAccessReply__Output>): grpc.ClientUnaryCall;
  checkAccess(argument: _layover_v1_CheckAccessRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_CheckAccessReply__Output>): grpc.ClientUnaryCall;
  checkAccess(argument: _layover_v1_CheckAccessRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_CheckAccessReply__Output>): grpc.ClientUnaryCall;
  checkAccess(argument: _layover_v1_CheckAccessRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_CheckAccessReply__Output>): grpc.ClientUnaryCall;
  checkAccess(argument: _layover_v1_CheckAccessRequest, callback: grpc.requestCallback<_layover_v1_CheckAccessReply__Output>): grpc.ClientUnaryCall;
  
  GetManifest(argument: _layover_v1_GetManifestRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_GetManifestReply__Output>): grpc.ClientUnaryCall;
  GetManifest(argument: _layover_v1_GetManifestRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_GetManifestReply__Output>): grpc.ClientUnaryCall;
  GetManifest(argument: _layover_v1_GetManifestRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_GetManifestReply__Output>): grpc.ClientUnaryCall;
  GetManifest(argument: _layover_v1_GetManifestRequest, callback: grpc.requestCallback<_layover_v1_GetManifestReply__Output>): grpc.ClientUnaryCall;
  getManifest(argument: _layover_v1_GetManifestRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_GetManifestReply__Output>): grpc.ClientUnaryCall;
  getManifest(argument: _layover_v1_GetManifestRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_GetManifestReply__Output>): grpc.ClientUnaryCall;
  getManifest(argument: _layover_v1_GetManifestRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_GetManifestReply__Output>): grpc.ClientUnaryCall;
  getManifest(argument: _layover_v1_GetManifestRequest, callback: grpc.requestCallback<_layover_v1_GetManifestReply__Output>): grpc.ClientUnaryCall;
  
  IssueToken(argument: _layover_v1_IssueTokenRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_IssueTokenReply__Output>): grpc.ClientUnaryCall;
  IssueToken(argument: _layover_v1_IssueTokenRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_IssueTokenReply__Output>): grpc.ClientUnaryCall;
  IssueToken(argument: _layover_v1_IssueTokenRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_IssueTokenReply__Output>): grpc.ClientUnaryCall;
  IssueToken(argument: _layover_v1_IssueTokenRequest, callback: grpc.requestCallback<_layover_v1_IssueTokenReply__Output>): grpc.ClientUnaryCall;
  issueToken(argument: _layover_v1_IssueTokenRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_IssueTokenReply__Output>): grpc.ClientUnaryCall;
  issueToken(argument: _layover_v1_IssueTokenRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_IssueTokenReply__Output>): grpc.ClientUnaryCall;
  issueToken(argument: _layover_v1_IssueTokenRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_IssueTokenReply__Output>): grpc.ClientUnaryCall;
  issueToken(argument: _layover_v1_IssueTokenRequest, callback: grpc.requestCallback<_layover_v1_IssueTokenReply__Output>): grpc.ClientUnaryCall;
  
  ListReferrers(argument: _layover_v1_ListReferrersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListReferrersReply__Output>): grpc.ClientUnaryCall;
  ListReferrers(argument: _layover_v1_ListReferrersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListReferrersReply__Output>): grpc.ClientUnaryCall;
  ListReferrers(argument: _layover_v1_ListReferrersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListReferrersReply__Output>): grpc.ClientUnaryCall;
  ListReferrers(argument: _layover_v1_ListReferrersRequest, callback: grpc.requestCallback<_layover_v1_ListReferrersReply__Output>): grpc.ClientUnaryCall;
  listReferrers(argument: _layover_v1_ListReferrersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListReferrersReply__Output>): grpc.ClientUnaryCall;
  listReferrers(argument: _layover_v1_ListReferrersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListReferrersReply__Output>): grpc.ClientUnaryCall;
  listReferrers(argument: _layover_v1_ListReferrersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListReferrersReply__Output>): grpc.ClientUnaryCall;
  listReferrers(argument: _layover_v1_ListReferrersRequest, callback: grpc.requestCallback<_layover_v1_ListReferrersReply__Output>): grpc.ClientUnaryCall;
  
  ListRepositories(argument: _layover_v1_ListRepositoriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListRepositoriesReply__Output>): grpc.ClientUnaryCall;
  ListRepositories(argument: _layover_v1_ListRepositoriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListRepositoriesReply__Output>): grpc.ClientUnaryCall;
  ListRepositories(argument: _layover_v1_ListRepositoriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListRepositoriesReply__Output>): grpc.ClientUnaryCall;
  ListRepositories(argument: _layover_v1_ListRepositoriesRequest, callback: grpc.requestCallback<_layover_v1_ListRepositoriesReply__Output>): grpc.ClientUnaryCall;
  listRepositories(argument: _layover_v1_ListRepositoriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListRepositoriesReply__Output>): grpc.ClientUnaryCall;
  listRepositories(argument: _layover_v1_ListRepositoriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListRepositoriesReply__Output>): grpc.ClientUnaryCall;
  listRepositories(argument: _layover_v1_ListRepositoriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListRepositoriesReply__Output>): grpc.ClientUnaryCall;
  listRepositories(argument: _layover_v1_ListRepositoriesRequest, callback: grpc.requestCallback<_layover_v1_ListRepositoriesReply__Output>): grpc.ClientUnaryCall;
  
  ListTags(argument: _layover_v1_ListTagsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListTagsReply__Output>): grpc.ClientUnaryCall;
  ListTags(argument: _layover_v1_ListTagsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListTagsReply__Output>): grpc.ClientUnaryCall;
  ListTags(argument: _layover_v1_ListTagsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListTagsReply__Output>): grpc.ClientUnaryCall;
  ListTags(argument: _layover_v1_ListTagsRequest, callback: grpc.requestCallback<_layover_v1_ListTagsReply__Output>): grpc.ClientUnaryCall;
  listTags(argument: _layover_v1_ListTagsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListTagsReply__Output>): grpc.ClientUnaryCall;
  listTags(argument: _layover_v1_ListTagsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListTagsReply__Output>): grpc.ClientUnaryCall;
  listTags(argument: _layover_v1_ListTagsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListTagsReply__Output>): grpc.ClientUnaryCall;
  listTags(argument: _layover_v1_ListTagsRequest, callback: grpc.requestCallback<_layover_v1_ListTagsReply__Output>): grpc.ClientUnaryCall;
  
  ReadBlob(argument: _layover_v1_ReadBlobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_ReadBlobReply__Output>;
  ReadBlob(argument: _layover_v1_ReadBlobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_ReadBlobReply__Output>;
  readBlob(argument: _layover_v1_ReadBlobRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_ReadBlobReply__Output>;
  readBlob(argument: _layover_v1_ReadBlobRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_ReadBlobReply__Output>;
  
  StatBlob(argument: _layover_v1_StatBlobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatBlobReply__Output>): grpc.ClientUnaryCall;
  StatBlob(argument: _layover_v1_StatBlobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_StatBlobReply__Output>): grpc.ClientUnaryCall;
  StatBlob(argument: _layover_v1_StatBlobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatBlobReply__Output>): grpc.ClientUnaryCall;
  StatBlob(argument: _layover_v1_StatBlobRequest, callback: grpc.requestCallback<_layover_v1_StatBlobReply__Output>): grpc.ClientUnaryCall;
  statBlob(argument: _layover_v1_StatBlobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatBlobReply__Output>): grpc.ClientUnaryCall;
  statBlob(argument: _layover_v1_StatBlobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_StatBlobReply__Output>): grpc.ClientUnaryCall;
  statBlob(argument: _layover_v1_StatBlobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_StatBlobReply__Output>): grpc.ClientUnaryCall;
  statBlob(argument: _layover_v1_StatBlobRequest, callback: grpc.requestCallback<_layover_v1_StatBlobReply__Output>): grpc.ClientUnaryCall;
  
}

export interface RegistryHandlers extends grpc.UntypedServiceImplementation {
  CheckAccess: grpc.handleUnaryCall<_layover_v1_CheckAccessRequest__Output, _layover_v1_CheckAccessReply>;
  
  GetManifest: grpc.handleUnaryCall<_layover_v1_GetManifestRequest__Output, _layover_v1_GetManifestReply>;
  
  IssueToken: grpc.handleUnaryCall<_layover_v1_IssueTokenRequest__Output, _layover_v1_IssueTokenReply>;
  
  ListReferrers: grpc.handleUnaryCall<_layover_v1_ListReferrersRequest__Output, _layover_v1_ListReferrersReply>;
  
  ListRepositories: grpc.handleUnaryCall<_layover_v1_ListRepositoriesRequest__Output, _layover_v1_ListRepositoriesReply>;
  
  ListTags: grpc.handleUnaryCall<_layover_v1_ListTagsRequest__Output, _layover_v1_ListTagsReply>;
  
  ReadBlob: grpc.handleServerStreamingCall<_layover_v1_ReadBlobRequest__Output, _layover_v1_ReadBlobReply>;
  
  StatBlob: grpc.handleUnaryCall<_layover_v1_StatBlobRequest__Output, _layover_v1_StatBlobReply>;
  
}

export interface RegistryDefinition extends grpc.ServiceDefinition {
  CheckAccess: MethodDefinition<_layover_v1_CheckAccessRequest, _layover_v1_CheckAccessReply, _layover_v1_CheckAccessRequest__Output, _layover_v1_CheckAccessReply__Output>
  GetManifest: MethodDefinition<_layover_v1_GetManifestRequest, _layover_v1_GetManifestReply, _layover_v1_GetManifestRequest__Output, _layover_v1_GetManifestReply__Output>
  IssueToken: MethodDefinition<_layover_v1_IssueTokenRequest, _layover_v1_IssueTokenReply, _layover_v1_IssueTokenRequest__Output, _layover_v1_IssueTokenReply__Output>
  ListReferrers: MethodDefinition<_layover_v1_ListReferrersRequest, _layover_v1_ListReferrersReply, _layover_v1_ListReferrersRequest__Output, _layover_v1_ListReferrersReply__Output>
  ListRepositories: MethodDefinition<_layover_v1_ListRepositoriesRequest, _layover_v1_ListRepositoriesReply, _layover_v1_ListRepositoriesRequest__Output, _layover_v1_ListRepositoriesReply__Output>
  ListTags: MethodDefinition<_layover_v1_ListTagsRequest, _layover_v1_ListTagsReply, _layover_v1_ListTagsRequest__Output, _layover_v1_ListTagsReply__Output>
  ReadBlob: MethodDefinition<_layover_v1_ReadBlobRequest, _layover_v1_ReadBlobReply, _layover_v1_ReadBlobRequest__Output, _layover_v1_ReadBlobReply__Output>
  StatBlob: MethodDefinition<_layover_v1_StatBlobRequest, _layover_v1_StatBlobReply, _layover_v1_StatBlobRequest__Output, _layover_v1_StatBlobReply__Output>
}
