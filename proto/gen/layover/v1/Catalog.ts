// Original file: proto/layover/v1/catalog.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AdmitManifestReply as _layover_v1_AdmitManifestReply, AdmitManifestReply__Output as _layover_v1_AdmitManifestReply__Output } from '../../layover/v1/AdmitManifestReply';
import type { AdmitManifestRequest as _layover_v1_AdmitManifestRequest, AdmitManifestRequest__Output as _layover_v1_AdmitManifestRequest__Output } from '../../layover/v1/AdmitManifestRequest';
import type { CatchUpReply as _layover_v1_CatchUpReply, CatchUpReply__Output as _layover_v1_CatchUpReply__Output } from '../../layover/v1/CatchUpReply';
import type { CatchUpRequest as _layover_v1_CatchUpRequest, CatchUpRequest__Output as _layover_v1_CatchUpRequest__Output } from '../../layover/v1/CatchUpRequest';
import type { JudgeBlobReply as _layover_v1_JudgeBlobReply, JudgeBlobReply__Output as _layover_v1_JudgeBlobReply__Output } from '../../layover/v1/JudgeBlobReply';
import type { JudgeBlobRequest as _layover_v1_JudgeBlobRequest, JudgeBlobRequest__Output as _layover_v1_JudgeBlobRequest__Output } from '../../layover/v1/JudgeBlobRequest';
import type { JudgeImageReply as _layover_v1_JudgeImageReply, JudgeImageReply__Output as _layover_v1_JudgeImageReply__Output } from '../../layover/v1/JudgeImageReply';
import type { JudgeImageRequest as _layover_v1_JudgeImageRequest, JudgeImageRequest__Output as _layover_v1_JudgeImageRequest__Output } from '../../layover/v1/JudgeImageRequest';
import type { ListCachedRepositoriesReply as _layover_v1_ListCachedRepositoriesReply, ListCachedRepositoriesReply__Output as _layover_v1_ListCachedRepositoriesReply__Output } from '../../layover/v1/ListCachedRepositoriesReply';
import type { ListCachedRepositoriesRequest as _layover_v1_ListCachedRepositoriesRequest, ListCachedRepositoriesRequest__Output as _layover_v1_ListCachedRepositoriesRequest__Output } from '../../layover/v1/ListCachedRepositoriesRequest';
import type { ListCachedTagsReply as _layover_v1_ListCachedTagsReply, ListCachedTagsReply__Output as _layover_v1_ListCachedTagsReply__Output } from '../../layover/v1/ListCachedTagsReply';
import type { ListCachedTagsRequest as _layover_v1_ListCachedTagsRequest, ListCachedTagsRequest__Output as _layover_v1_ListCachedTagsRequest__Output } from '../../layover/v1/ListCachedTagsRequest';
import type { LookupBlobReply as _layover_v1_LookupBlobReply, LookupBlobReply__Output as _layover_v1_LookupBlobReply__Output } from '../../layover/v1/LookupBlobReply';
import type { LookupBlobRequest as _layover_v1_LookupBlobRequest, LookupBlobRequest__Output as _layover_v1_LookupBlobRequest__Output } from '../../layover/v1/LookupBlobRequest';
import type { LookupManifestReply as _layover_v1_LookupManifestReply, LookupManifestReply__Output as _layover_v1_LookupManifestReply__Output } from '../../layover/v1/LookupManifestReply';
import type { LookupManifestRequest as _layover_v1_LookupManifestRequest, LookupManifestRequest__Output as _layover_v1_LookupManifestRequest__Output } from '../../layover/v1/LookupManifestRequest';
import type { LookupTagReply as _layover_v1_LookupTagReply, LookupTagReply__Output as _layover_v1_LookupTagReply__Output } from '../../layover/v1/LookupTagReply';
import type { LookupTagRequest as _layover_v1_LookupTagRequest, LookupTagRequest__Output as _layover_v1_LookupTagRequest__Output } from '../../layover/v1/LookupTagRequest';
import type { RecordPullsReply as _layover_v1_RecordPullsReply, RecordPullsReply__Output as _layover_v1_RecordPullsReply__Output } from '../../layover/v1/RecordPullsReply';
import type { RecordPullsRequest as _layover_v1_RecordPullsRequest, RecordPullsRequest__Output as _layover_v1_RecordPullsRequest__Output } from '../../layover/v1/RecordPullsRequest';
import type { ReportUseReply as _layover_v1_ReportUseReply, ReportUseReply__Output as _layover_v1_ReportUseReply__Output } from '../../layover/v1/ReportUseReply';
import type { ReportUseRequest as _layover_v1_ReportUseRequest, ReportUseRequest__Output as _layover_v1_ReportUseRequest__Output } from '../../layover/v1/ReportUseRequest';
import type { WatchReply as _layover_v1_WatchReply, WatchReply__Output as _layover_v1_WatchReply__Output } from '../../layover/v1/WatchReply';
import type { WatchRequest as _layover_v1_WatchRequest, WatchRequest__Output as _layover_v1_WatchRequest__Output } from '../../layover/v1/WatchRequest';

export interface CatalogClient extends grpc.Client {
  AdmitManifest(argument: _layover_v1_AdmitManifestRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_AdmitManifestReply__Output>): grpc.ClientUnaryCall;
  AdmitManifest(argument: _layover_v1_AdmitManifestRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_AdmitManifestReply__Output>): grpc.ClientUnaryCall;
  AdmitManifest(argument: _layover_v1_AdmitManifestRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_AdmitManifestReply__Output>): grpc.ClientUnaryCall;
  AdmitManifest(argument: _layover_v1_AdmitManifestRequest, callback: grpc.requestCallback<_layover_v1_AdmitManifestReply__Output>): grpc.ClientUnaryCall;
  admitManifest(argument: _layover_v1_AdmitManifestRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_AdmitManifestReply__Output>): grpc.ClientUnaryCall;
  admitManifest(argument: _layover_v1_AdmitManifestRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_AdmitManifestReply__Output>): grpc.ClientUnaryCall;
  admitManifest(argument: _layover_v1_AdmitManifestRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_AdmitManifestReply__Output>): grpc.ClientUnaryCall;
  admitManifest(argument: _layover_v1_AdmitManifestRequest, callback: grpc.requestCallback<_layover_v1_AdmitManifestReply__Output>): grpc.ClientUnaryCall;
  
  CatchUp(argument: _layover_v1_CatchUpRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_CatchUpReply__Output>): grpc.ClientUnaryCall;
  CatchUp(argument: _layover_v1_CatchUpRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_CatchUpReply__Output>): grpc.ClientUnaryCall;
  CatchUp(argument: _layover_v1_CatchUpRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_CatchUpReply__Output>): grpc.ClientUnaryCall;
  CatchUp(argument: _layover_v1_CatchUpRequest, callback: grpc.requestCallback<_layover_v1_CatchUpReply__Output>): grpc.ClientUnaryCall;
  catchUp(argument: _layover_v1_CatchUpRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_CatchUpReply__Output>): grpc.ClientUnaryCall;
  catchUp(argument: _layover_v1_CatchUpRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_CatchUpReply__Output>): grpc.ClientUnaryCall;
  catchUp(argument: _layover_v1_CatchUpRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_CatchUpReply__Output>): grpc.ClientUnaryCall;
  catchUp(argument: _layover_v1_CatchUpRequest, callback: grpc.requestCallback<_layover_v1_CatchUpReply__Output>): grpc.ClientUnaryCall;
  
  JudgeBlob(argument: _layover_v1_JudgeBlobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_JudgeBlobReply__Output>): grpc.ClientUnaryCall;
  JudgeBlob(argument: _layover_v1_JudgeBlobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_JudgeBlobReply__Output>): grpc.ClientUnaryCall;
  JudgeBlob(argument: _layover_v1_JudgeBlobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_JudgeBlobReply__Output>): grpc.ClientUnaryCall;
  JudgeBlob(argument: _layover_v1_JudgeBlobRequest, callback: grpc.requestCallback<_layover_v1_JudgeBlobReply__Output>): grpc.ClientUnaryCall;
  judgeBlob(argument: _layover_v1_JudgeBlobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_JudgeBlobReply__Output>): grpc.ClientUnaryCall;
  judgeBlob(argument: _layover_v1_JudgeBlobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_JudgeBlobReply__Output>): grpc.ClientUnaryCall;
  judgeBlob(argument: _layover_v1_JudgeBlobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_JudgeBlobReply__Output>): grpc.ClientUnaryCall;
  judgeBlob(argument: _layover_v1_JudgeBlobRequest, callback: grpc.requestCallback<_layover_v1_JudgeBlobReply__Output>): grpc.ClientUnaryCall;
  
  JudgeImage(argument: _layover_v1_JudgeImageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_JudgeImageReply__Output>): grpc.ClientUnaryCall;
  JudgeImage(argument: _layover_v1_JudgeImageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_JudgeImageReply__Output>): grpc.ClientUnaryCall;
  JudgeImage(argument: _layover_v1_JudgeImageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_JudgeImageReply__Output>): grpc.ClientUnaryCall;
  JudgeImage(argument: _layover_v1_JudgeImageRequest, callback: grpc.requestCallback<_layover_v1_JudgeImageReply__Output>): grpc.ClientUnaryCall;
  judgeImage(argument: _layover_v1_JudgeImageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_JudgeImageReply__Output>): grpc.ClientUnaryCall;
  judgeImage(argument: _layover_v1_JudgeImageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_JudgeImageReply__Output>): grpc.ClientUnaryCall;
  judgeImage(argument: _layover_v1_JudgeImageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_JudgeImageReply__Output>): grpc.ClientUnaryCall;
  judgeImage(argument: _layover_v1_JudgeImageRequest, callback: grpc.requestCallback<_layover_v1_JudgeImageReply__Output>): grpc.ClientUnaryCall;
  
  ListCachedRepositories(argument: _layover_v1_ListCachedRepositoriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListCachedRepositoriesReply__Output>): grpc.ClientUnaryCall;
  ListCachedRepositories(argument: _layover_v1_ListCachedRepositoriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListCachedRepositoriesReply__Output>): grpc.ClientUnaryCall;
  ListCachedRepositories(argument: _layover_v1_ListCachedRepositoriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListCachedRepositoriesReply__Output>): grpc.ClientUnaryCall;
  ListCachedRepositories(argument: _layover_v1_ListCachedRepositoriesRequest, callback: grpc.requestCallback<_layover_v1_ListCachedRepositoriesReply__Output>): grpc.ClientUnaryCall;
  listCachedRepositories(argument: _layover_v1_ListCachedRepositoriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListCachedRepositoriesReply__Output>): grpc.ClientUnaryCall;
  listCachedRepositories(argument: _layover_v1_ListCachedRepositoriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListCachedRepositoriesReply__Output>): grpc.ClientUnaryCall;
  listCachedRepositories(argument: _layover_v1_ListCachedRepositoriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListCachedRepositoriesReply__Output>): grpc.ClientUnaryCall;
  listCachedRepositories(argument: _layover_v1_ListCachedRepositoriesRequest, callback: grpc.requestCallback<_layover_v1_ListCachedRepositoriesReply__Output>): grpc.ClientUnaryCall;
  
  ListCachedTags(argument: _layover_v1_ListCachedTagsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListCachedTagsReply__Output>): grpc.ClientUnaryCall;
  ListCachedTags(argument: _layover_v1_ListCachedTagsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListCachedTagsReply__Output>): grpc.ClientUnaryCall;
  ListCachedTags(argument: _layover_v1_ListCachedTagsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListCachedTagsReply__Output>): grpc.ClientUnaryCall;
  ListCachedTags(argument: _layover_v1_ListCachedTagsRequest, callback: grpc.requestCallback<_layover_v1_ListCachedTagsReply__Output>): grpc.ClientUnaryCall;
  listCachedTags(argument: _layover_v1_ListCachedTagsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListCachedTagsReply__Output>): grpc.ClientUnaryCall;
  listCachedTags(argument: _layover_v1_ListCachedTagsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ListCachedTagsReply__Output>): grpc.ClientUnaryCall;
  listCachedTags(argument: _layover_v1_ListCachedTagsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ListCachedTagsReply__Output>): grpc.ClientUnaryCall;
  listCachedTags(argument: _layover_v1_ListCachedTagsRequest, callback: grpc.requestCallback<_layover_v1_ListCachedTagsReply__Output>): grpc.ClientUnaryCall;
  
  LookupBlob(argument: _layover_v1_LookupBlobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupBlobReply__Output>): grpc.ClientUnaryCall;
  LookupBlob(argument: _layover_v1_LookupBlobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_LookupBlobReply__Output>): grpc.ClientUnaryCall;
  LookupBlob(argument: _layover_v1_LookupBlobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupBlobReply__Output>): grpc.ClientUnaryCall;
  LookupBlob(argument: _layover_v1_LookupBlobRequest, callback: grpc.requestCallback<_layover_v1_LookupBlobReply__Output>): grpc.ClientUnaryCall;
  lookupBlob(argument: _layover_v1_LookupBlobRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupBlobReply__Output>): grpc.ClientUnaryCall;
  lookupBlob(argument: _layover_v1_LookupBlobRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_LookupBlobReply__Output>): grpc.ClientUnaryCall;
  lookupBlob(argument: _layover_v1_LookupBlobRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupBlobReply__Output>): grpc.ClientUnaryCall;
  lookupBlob(argument: _layover_v1_LookupBlobRequest, callback: grpc.requestCallback<_layover_v1_LookupBlobReply__Output>): grpc.ClientUnaryCall;
  
  LookupManifest(argument: _layover_v1_LookupManifestRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupManifestReply__Output>): grpc.ClientUnaryCall;
  LookupManifest(argument: _layover_v1_LookupManifestRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_LookupManifestReply__Output>): grpc.ClientUnaryCall;
  LookupManifest(argument: _layover_v1_LookupManifestRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupManifestReply__Output>): grpc.ClientUnaryCall;
  LookupManifest(argument: _layover_v1_LookupManifestRequest, callback: grpc.requestCallback<_layover_v1_LookupManifestReply__Output>): grpc.ClientUnaryCall;
  lookupManifest(argument: _layover_v1_LookupManifestRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupManifestReply__Output>): grpc.ClientUnaryCall;
  lookupManifest(argument: _layover_v1_LookupManifestRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_LookupManifestReply__Output>): grpc.ClientUnaryCall;
  lookupManifest(argument: _layover_v1_LookupManifestRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupManifestReply__Output>): grpc.ClientUnaryCall;
  lookupManifest(argument: _layover_v1_LookupManifestRequest, callback: grpc.requestCallback<_layover_v1_LookupManifestReply__Output>): grpc.ClientUnaryCall;
  
  LookupTag(argument: _layover_v1_LookupTagRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupTagReply__Output>): grpc.ClientUnaryCall;
  LookupTag(argument: _layover_v1_LookupTagRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_LookupTagReply__Output>): grpc.ClientUnaryCall;
  LookupTag(argument: _layover_v1_LookupTagRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupTagReply__Output>): grpc.ClientUnaryCall;
  LookupTag(argument: _layover_v1_LookupTagRequest, callback: grpc.requestCallback<_layover_v1_LookupTagReply__Output>): grpc.ClientUnaryCall;
  lookupTag(argument: _layover_v1_LookupTagRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupTagReply__Output>): grpc.ClientUnaryCall;
  lookupTag(argument: _layover_v1_LookupTagRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_LookupTagReply__Output>): grpc.ClientUnaryCall;
  lookupTag(argument: _layover_v1_LookupTagRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_LookupTagReply__Output>): grpc.ClientUnaryCall;
  lookupTag(argument: _layover_v1_LookupTagRequest, callback: grpc.requestCallback<_layover_v1_LookupTagReply__Output>): grpc.ClientUnaryCall;
  
  RecordPulls(argument: _layover_v1_RecordPullsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_RecordPullsReply__Output>): grpc.ClientUnaryCall;
  RecordPulls(argument: _layover_v1_RecordPullsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_RecordPullsReply__Output>): grpc.ClientUnaryCall;
  RecordPulls(argument: _layover_v1_RecordPullsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_RecordPullsReply__Output>): grpc.ClientUnaryCall;
  RecordPulls(argument: _layover_v1_RecordPullsRequest, callback: grpc.requestCallback<_layover_v1_RecordPullsReply__Output>): grpc.ClientUnaryCall;
  recordPulls(argument: _layover_v1_RecordPullsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_RecordPullsReply__Output>): grpc.ClientUnaryCall;
  recordPulls(argument: _layover_v1_RecordPullsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_RecordPullsReply__Output>): grpc.ClientUnaryCall;
  recordPulls(argument: _layover_v1_RecordPullsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_RecordPullsReply__Output>): grpc.ClientUnaryCall;
  recordPulls(argument: _layover_v1_RecordPullsRequest, callback: grpc.requestCallback<_layover_v1_RecordPullsReply__Output>): grpc.ClientUnaryCall;
  
  ReportUse(argument: _layover_v1_ReportUseRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ReportUseReply__Output>): grpc.ClientUnaryCall;
  ReportUse(argument: _layover_v1_ReportUseRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ReportUseReply__Output>): grpc.ClientUnaryCall;
  ReportUse(argument: _layover_v1_ReportUseRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ReportUseReply__Output>): grpc.ClientUnaryCall;
  ReportUse(argument: _layover_v1_ReportUseRequest, callback: grpc.requestCallback<_layover_v1_ReportUseReply__Output>): grpc.ClientUnaryCall;
  reportUse(argument: _layover_v1_ReportUseRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ReportUseReply__Output>): grpc.ClientUnaryCall;
  reportUse(argument: _layover_v1_ReportUseRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_layover_v1_ReportUseReply__Output>): grpc.ClientUnaryCall;
  reportUse(argument: _layover_v1_ReportUseRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_layover_v1_ReportUseReply__Output>): grpc.ClientUnaryCall;
  reportUse(argument: _layover_v1_ReportUseRequest, callback: grpc.requestCallback<_layover_v1_ReportUseReply__Output>): grpc.ClientUnaryCall;
  
  Watch(argument: _layover_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_WatchReply__Output>;
  Watch(argument: _layover_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_WatchReply__Output>;
  watch(argument: _layover_v1_WatchRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_WatchReply__Output>;
  watch(argument: _layover_v1_WatchRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_layover_v1_WatchReply__Output>;
  
}

export interface CatalogHandlers extends grpc.UntypedServiceImplementation {
  AdmitManifest: grpc.handleUnaryCall<_layover_v1_AdmitManifestRequest__Output, _layover_v1_AdmitManifestReply>;
  
  CatchUp: grpc.handleUnaryCall<_layover_v1_CatchUpRequest__Output, _layover_v1_CatchUpReply>;
  
  JudgeBlob: grpc.handleUnaryCall<_layover_v1_JudgeBlobRequest__Output, _layover_v1_JudgeBlobReply>;
  
  JudgeImage: grpc.handleUnaryCall<_layover_v1_JudgeImageRequest__Output, _layover_v1_JudgeImageReply>;
  
  ListCachedRepositories: grpc.handleUnaryCall<_layover_v1_ListCachedRepositoriesRequest__Output, _layover_v1_ListCachedRepositoriesReply>;
  
  ListCachedTags: grpc.handleUnaryCall<_layover_v1_ListCachedTagsRequest__Output, _layover_v1_ListCachedTagsReply>;
  
  LookupBlob: grpc.handleUnaryCall<_layover_v1_LookupBlobRequest__Output, _layover_v1_LookupBlobReply>;
  
  LookupManifest: grpc.handleUnaryCall<_layover_v1_LookupManifestRequest__Output, _layover_v1_LookupManifestReply>;
  
  LookupTag: grpc.handleUnaryCall<_layover_v1_LookupTagRequest__Output, _layover_v1_LookupTagReply>;
  
  RecordPulls: grpc.handleUnaryCall<_layover_v1_RecordPullsRequest__Output, _layover_v1_RecordPullsReply>;
  
  ReportUse: grpc.handleUnaryCall<_layover_v1_ReportUseRequest__Output, _layover_v1_ReportUseReply>;
  
  Watch: grpc.handleServerStreamingCall<_layover_v1_WatchRequest__Output, _layover_v1_WatchReply>;
  
}

export interface CatalogDefinition extends grpc.ServiceDefinition {
  AdmitManifest: MethodDefinition<_layover_v1_AdmitManifestRequest, _layover_v1_AdmitManifestReply, _layover_v1_AdmitManifestRequest__Output, _layover_v1_AdmitManifestReply__Output>
  CatchUp: MethodDefinition<_layover_v1_CatchUpRequest, _layover_v1_CatchUpReply, _layover_v1_CatchUpRequest__Output, _layover_v1_CatchUpReply__Output>
  JudgeBlob: MethodDefinition<_layover_v1_JudgeBlobRequest, _layover_v1_JudgeBlobReply, _layover_v1_JudgeBlobRequest__Output, _layover_v1_JudgeBlobReply__Output>
  JudgeImage: MethodDefinition<_layover_v1_JudgeImageRequest, _layover_v1_JudgeImageReply, _layover_v1_JudgeImageRequest__Output, _layover_v1_JudgeImageReply__Output>
  ListCachedRepositories: MethodDefinition<_layover_v1_ListCachedRepositoriesRequest, _layover_v1_ListCachedRepositoriesReply, _layover_v1_ListCachedRepositoriesRequest__Output, _layover_v1_ListCachedRepositoriesReply__Output>
  ListCachedTags: MethodDefinition<_layover_v1_ListCachedTagsRequest, _layover_v1_ListCachedTagsReply, _layover_v1_ListCachedTagsRequest__Output, _layover_v1_ListCachedTagsReply__Output>
  LookupBlob: MethodDefinition<_layover_v1_LookupBlobRequest, _layover_v1_LookupBlobReply, _layover_v1_LookupBlobRequest__Output, _layover_v1_LookupBlobReply__Output>
  LookupManifest: MethodDefinition<_layover_v1_LookupManifestRequest, _layover_v1_LookupManifestReply, _layover_v1_LookupManifestRequest__Output, _layover_v1_LookupManifestReply__Output>
  LookupTag: MethodDefinition<_layover_v1_LookupTagRequest, _layover_v1_LookupTagReply, _layover_v1_LookupTagRequest__Output, _layover_v1_LookupTagReply__Output>
  RecordPulls: MethodDefinition<_layover_v1_RecordPullsRequest, _layover_v1_RecordPullsReply, _layover_v1_RecordPullsRequest__Output, _layover_v1_RecordPullsReply__Output>
  ReportUse: MethodDefinition<_layover_v1_ReportUseRequest, _layover_v1_ReportUseReply, _layover_v1_ReportUseRequest__Output, _layover_v1_ReportUseReply__Output>
  Watch: MethodDefinition<_layover_v1_WatchRequest, _layover_v1_WatchReply, _layover_v1_WatchRequest__Output, _layover_v1_WatchReply__Output>
}
