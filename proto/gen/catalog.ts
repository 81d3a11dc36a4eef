import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AdmitManifestReply as _layover_v1_AdmitManifestReply, AdmitManifestReply__Output as _layover_v1_AdmitManifestReply__Output } from './layover/v1/AdmitManifestReply';
import type { AdmitManifestRequest as _layover_v1_AdmitManifestRequest, AdmitManifestRequest__Output as _layover_v1_AdmitManifestRequest__Output } from './layover/v1/AdmitManifestRequest';
import type { BlobEvent as _layover_v1_BlobEvent, BlobEvent__Output as _layover_v1_BlobEvent__Output } from './layover/v1/BlobEvent';
import type { CachedRepositories as _layover_v1_CachedRepositories, CachedRepositories__Output as _layover_v1_CachedRepositories__Output } from './layover/v1/CachedRepositories';
import type { CachedTag as _layover_v1_CachedTag, CachedTag__Output as _layover_v1_CachedTag__Output } from './layover/v1/CachedTag';
import type { CatalogClient as _layover_v1_CatalogClient, CatalogDefinition as _layover_v1_CatalogDefinition } from './layover/v1/Catalog';
import type { CatchUpReply as _layover_v1_CatchUpReply, CatchUpReply__Output as _layover_v1_CatchUpReply__Output } from './layover/v1/CatchUpReply';
import type { CatchUpRequest as _layover_v1_CatchUpRequest, CatchUpRequest__Output as _layover_v1_CatchUpRequest__Output } from './layover/v1/CatchUpRequest';
import type { ConfigurationSnapshot as _layover_v1_ConfigurationSnapshot, ConfigurationSnapshot__Output as _layover_v1_ConfigurationSnapshot__Output } from './layover/v1/ConfigurationSnapshot';
import type { ConfigurationUpdate as _layover_v1_ConfigurationUpdate, ConfigurationUpdate__Output as _layover_v1_ConfigurationUpdate__Output } from './layover/v1/ConfigurationUpdate';
import type { ContentUse as _layover_v1_ContentUse, ContentUse__Output as _layover_v1_ContentUse__Output } from './layover/v1/ContentUse';
import type { Descriptor as _layover_v1_Descriptor, Descriptor__Output as _layover_v1_Descriptor__Output } from './layover/v1/Descriptor';
import type { Heartbeat as _layover_v1_Heartbeat, Heartbeat__Output as _layover_v1_Heartbeat__Output } from './layover/v1/Heartbeat';
import type { Invalidation as _layover_v1_Invalidation, Invalidation__Output as _layover_v1_Invalidation__Output } from './layover/v1/Invalidation';
import type { JudgeBlobReply as _layover_v1_JudgeBlobReply, JudgeBlobReply__Output as _layover_v1_JudgeBlobReply__Output } from './layover/v1/JudgeBlobReply';
import type { JudgeBlobRequest as _layover_v1_JudgeBlobRequest, JudgeBlobRequest__Output as _layover_v1_JudgeBlobRequest__Output } from './layover/v1/JudgeBlobRequest';
import type { JudgeImageReply as _layover_v1_JudgeImageReply, JudgeImageReply__Output as _layover_v1_JudgeImageReply__Output } from './layover/v1/JudgeImageReply';
import type { JudgeImageRequest as _layover_v1_JudgeImageRequest, JudgeImageRequest__Output as _layover_v1_JudgeImageRequest__Output } from './layover/v1/JudgeImageRequest';
import type { ListCachedRepositoriesReply as _layover_v1_ListCachedRepositoriesReply, ListCachedRepositoriesReply__Output as _layover_v1_ListCachedRepositoriesReply__Output } from './layover/v1/ListCachedRepositoriesReply';
import type { ListCachedRepositoriesRequest as _layover_v1_ListCachedRepositoriesRequest, ListCachedRepositoriesRequest__Output as _layover_v1_ListCachedRepositoriesRequest__Output } from './layover/v1/ListCachedRepositoriesRequest';
import type { ListCachedTagsReply as _layover_v1_ListCachedTagsReply, ListCachedTagsReply__Output as _layover_v1_ListCachedTagsReply__Output } from './layover/v1/ListCachedTagsReply';
import type { ListCachedTagsRequest as _layover_v1_ListCachedTagsRequest, ListCachedTagsRequest__Output as _layover_v1_ListCachedTagsRequest__Output } from './layover/v1/ListCachedTagsRequest';
import type { LookupBlobReply as _layover_v1_LookupBlobReply, LookupBlobReply__Output as _layover_v1_LookupBlobReply__Output } from './layover/v1/LookupBlobReply';
import type { LookupBlobRequest as _layover_v1_LookupBlobRequest, LookupBlobRequest__Output as _layover_v1_LookupBlobRequest__Output } from './layover/v1/LookupBlobRequest';
import type { LookupManifestReply as _layover_v1_LookupManifestReply, LookupManifestReply__Output as _layover_v1_LookupManifestReply__Output } from './layover/v1/LookupManifestReply';
import type { LookupManifestRequest as _layover_v1_LookupManifestRequest, LookupManifestRequest__Output as _layover_v1_LookupManifestRequest__Output } from './layover/v1/LookupManifestRequest';
import type { LookupTagReply as _layover_v1_LookupTagReply, LookupTagReply__Output as _layover_v1_LookupTagReply__Output } from './layover/v1/LookupTagReply';
import type { LookupTagRequest as _layover_v1_LookupTagRequest, LookupTagRequest__Output as _layover_v1_LookupTagRequest__Output } from './layover/v1/LookupTagRequest';
import type { ManifestReference as _layover_v1_ManifestReference, ManifestReference__Output as _layover_v1_ManifestReference__Output } from './layover/v1/ManifestReference';
import type { Organization as _layover_v1_Organization, Organization__Output as _layover_v1_Organization__Output } from './layover/v1/Organization';
import type { OrganizationOrigin as _layover_v1_OrganizationOrigin, OrganizationOrigin__Output as _layover_v1_OrganizationOrigin__Output } from './layover/v1/OrganizationOrigin';
import type { Platform as _layover_v1_Platform, Platform__Output as _layover_v1_Platform__Output } from './layover/v1/Platform';
import type { ProxyCache as _layover_v1_ProxyCache, ProxyCache__Output as _layover_v1_ProxyCache__Output } from './layover/v1/ProxyCache';
import type { PullEvent as _layover_v1_PullEvent, PullEvent__Output as _layover_v1_PullEvent__Output } from './layover/v1/PullEvent';
import type { PullRecord as _layover_v1_PullRecord, PullRecord__Output as _layover_v1_PullRecord__Output } from './layover/v1/PullRecord';
import type { RecordPullsReply as _layover_v1_RecordPullsReply, RecordPullsReply__Output as _layover_v1_RecordPullsReply__Output } from './layover/v1/RecordPullsReply';
import type { RecordPullsRequest as _layover_v1_RecordPullsRequest, RecordPullsRequest__Output as _layover_v1_RecordPullsRequest__Output } from './layover/v1/RecordPullsRequest';
import type { Refusal as _layover_v1_Refusal, Refusal__Output as _layover_v1_Refusal__Output } from './layover/v1/Refusal';
import type { RefusalCount as _layover_v1_RefusalCount, RefusalCount__Output as _layover_v1_RefusalCount__Output } from './layover/v1/RefusalCount';
import type { RefusalSum as _layover_v1_RefusalSum, RefusalSum__Output as _layover_v1_RefusalSum__Output } from './layover/v1/RefusalSum';
import type { ReportUseReply as _layover_v1_ReportUseReply, ReportUseReply__Output as _layover_v1_ReportUseReply__Output } from './layover/v1/ReportUseReply';
import type { ReportUseRequest as _layover_v1_ReportUseRequest, ReportUseRequest__Output as _layover_v1_ReportUseRequest__Output } from './layover/v1/ReportUseRequest';
import type { RepositoryKey as _layover_v1_RepositoryKey, RepositoryKey__Output as _layover_v1_RepositoryKey__Output } from './layover/v1/RepositoryKey';
import type { Robot as _layover_v1_Robot, Robot__Output as _layover_v1_Robot__Output } from './layover/v1/Robot';
import type { ScanPolicy as _layover_v1_ScanPolicy, ScanPolicy__Output as _layover_v1_ScanPolicy__Output } from './layover/v1/ScanPolicy';
import type { SystemSettings as _layover_v1_SystemSettings, SystemSettings__Output as _layover_v1_SystemSettings__Output } from './layover/v1/SystemSettings';
import type { TokenKey as _layover_v1_TokenKey, TokenKey__Output as _layover_v1_TokenKey__Output } from './layover/v1/TokenKey';
import type { UpstreamReport as _layover_v1_UpstreamReport, UpstreamReport__Output as _layover_v1_UpstreamReport__Output } from './layover/v1/UpstreamReport';
import type { WatchReply as _layover_v1_WatchReply, WatchReply__Output as _layover_v1_WatchReply__Output } from './layover/v1/WatchReply';
import type { WatchRequest as _layover_v1_WatchRequest, WatchRequest__Output as _layover_v1_WatchRequest__Output } from './layover/v1/WatchRequest';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  layover: {
    v1: {
      AdmitManifestReply: MessageTypeDefinition<_layover_v1_AdmitManifestReply, _layover_v1_AdmitManifestReply__Output>
      AdmitManifestRequest: MessageTypeDefinition<_layover_v1_AdmitManifestRequest, _layover_v1_AdmitManifestRequest__Output>
      BlobEvent: MessageTypeDefinition<_layover_v1_BlobEvent, _layover_v1_BlobEvent__Output>
      CachedRepositories: MessageTypeDefinition<_layover_v1_CachedRepositories, _layover_v1_CachedRepositories__Output>
      CachedTag: MessageTypeDefinition<_layover_v1_CachedTag, _layover_v1_CachedTag__Output>
      Catalog: SubtypeConstructor<typeof grpc.Client, _layover_v1_CatalogClient> & { service: _layover_v1_CatalogDefinition }
      CatchUpReply: MessageTypeDefinition<_layover_v1_CatchUpReply, _layover_v1_CatchUpReply__Output>
      CatchUpRequest: MessageTypeDefinition<_layover_v1_CatchUpRequest, _layover_v1_CatchUpRequest__Output>
      ConfigurationSnapshot: MessageTypeDefinition<_layover_v1_ConfigurationSnapshot, _layover_v1_ConfigurationSnapshot__Output>
      ConfigurationUpdate: MessageTypeDefinition<_layover_v1_ConfigurationUpdate, _layover_v1_ConfigurationUpdate__Output>
      ContentUse: MessageTypeDefinition<_layover_v1_ContentUse, _layover_v1_ContentUse__Output>
      Descriptor: MessageTypeDefinition<_layover_v1_Descriptor, _layover_v1_Descriptor__Output>
      Heartbeat: MessageTypeDefinition<_layover_v1_Heartbeat, _layover_v1_Heartbeat__Output>
      Invalidation: MessageTypeDefinition<_layover_v1_Invalidation, _layover_v1_Invalidation__Output>
      JudgeBlobReply: MessageTypeDefinition<_layover_v1_JudgeBlobReply, _layover_v1_JudgeBlobReply__Output>
      JudgeBlobRequest: MessageTypeDefinition<_layover_v1_JudgeBlobRequest, _layover_v1_JudgeBlobRequest__Output>
      JudgeImageReply: MessageTypeDefinition<_layover_v1_JudgeImageReply, _layover_v1_JudgeImageReply__Output>
      JudgeImageRequest: MessageTypeDefinition<_layover_v1_JudgeImageRequest, _layover_v1_JudgeImageRequest__Output>
      ListCachedRepositoriesReply: MessageTypeDefinition<_layover_v1_ListCachedRepositoriesReply, _layover_v1_ListCachedRepositoriesReply__Output>
      ListCachedRepositoriesRequest: MessageTypeDefinition<_layover_v1_ListCachedRepositoriesRequest, _layover_v1_ListCachedRepositoriesRequest__Output>
      ListCachedTagsReply: MessageTypeDefinition<_layover_v1_ListCachedTagsReply, _layover_v1_ListCachedTagsReply__Output>
      ListCachedTagsRequest: MessageTypeDefinition<_layover_v1_ListCachedTagsRequest, _layover_v1_ListCachedTagsRequest__Output>
      LookupBlobReply: MessageTypeDefinition<_layover_v1_LookupBlobReply, _layover_v1_LookupBlobReply__Output>
      LookupBlobRequest: MessageTypeDefinition<_layover_v1_LookupBlobRequest, _layover_v1_LookupBlobRequest__Output>
      LookupManifestReply: MessageTypeDefinition<_layover_v1_LookupManifestReply, _layover_v1_LookupManifestReply__Output>
      LookupManifestRequest: MessageTypeDefinition<_layover_v1_LookupManifestRequest, _layover_v1_LookupManifestRequest__Output>
      LookupTagReply: MessageTypeDefinition<_layover_v1_LookupTagReply, _layover_v1_LookupTagReply__Output>
      LookupTagRequest: MessageTypeDefinition<_layover_v1_LookupTagRequest, _layover_v1_LookupTagRequest__Output>
      ManifestReference: MessageTypeDefinition<_layover_v1_ManifestReference, _layover_v1_ManifestReference__Output>
      Organization: MessageTypeDefinition<_layover_v1_Organization, _layover_v1_Organization__Output>
      OrganizationOrigin: MessageTypeDefinition<_layover_v1_OrganizationOrigin, _layover_v1_OrganizationOrigin__Output>
      Platform: MessageTypeDefinition<_layover_v1_Platform, _layover_v1_Platform__Output>
      ProxyCache: MessageTypeDefinition<_layover_v1_ProxyCache, _layover_v1_ProxyCache__Output>
      PullEvent: MessageTypeDefinition<_layover_v1_PullEvent, _layover_v1_PullEvent__Output>
      PullRecord: MessageTypeDefinition<_layover_v1_PullRecord, _layover_v1_PullRecord__Output>
      RecordPullsReply: MessageTypeDefinition<_layover_v1_RecordPullsReply, _layover_v1_RecordPullsReply__Output>
      RecordPullsRequest: MessageTypeDefinition<_layover_v1_RecordPullsRequest, _layover_v1_RecordPullsRequest__Output>
      Refusal: MessageTypeDefinition<_layover_v1_Refusal, _layover_v1_Refusal__Output>
      RefusalCount: MessageTypeDefinition<_layover_v1_RefusalCount, _layover_v1_RefusalCount__Output>
      RefusalSum: MessageTypeDefinition<_layover_v1_RefusalSum, _layover_v1_RefusalSum__Output>
      ReportUseReply: MessageTypeDefinition<_layover_v1_ReportUseReply, _layover_v1_ReportUseReply__Output>
      ReportUseRequest: MessageTypeDefinition<_layover_v1_ReportUseRequest, _layover_v1_ReportUseRequest__Output>
      RepositoryKey: MessageTypeDefinition<_layover_v1_RepositoryKey, _layover_v1_RepositoryKey__Output>
      Robot: MessageTypeDefinition<_layover_v1_Robot, _layover_v1_Robot__Output>
      ScanPolicy: MessageTypeDefinition<_layover_v1_ScanPolicy, _layover_v1_ScanPolicy__Output>
      SystemSettings: MessageTypeDefinition<_layover_v1_SystemSettings, _layover_v1_SystemSettings__Output>
      TokenKey: MessageTypeDefinition<_layover_v1_TokenKey, _layover_v1_TokenKey__Output>
      UpstreamDeletePolicy: EnumTypeDefinition
      UpstreamReport: MessageTypeDefinition<_layover_v1_UpstreamReport, _layover_v1_UpstreamReport__Output>
      Visibility: EnumTypeDefinition
      WatchReply: MessageTypeDefinition<_layover_v1_WatchReply, _layover_v1_WatchReply__Output>
      WatchRequest: MessageTypeDefinition<_layover_v1_WatchRequest, _layover_v1_WatchRequest__Output>
    }
  }
}

