// Original file: proto/layover/v1/registry.proto

import type { GetManifestRequest as _layover_v1_GetManifestRequest, GetManifestRequest__Output as _layover_v1_GetManifestRequest__Output } from '../../layover/v1/GetManifestRequest';
import type { StatBlobRequest as _layover_v1_StatBlobRequest, StatBlobRequest__Output as _layover_v1_StatBlobRequest__Output } from '../../layover/v1/StatBlobRequest';
import type { ReadBlobRequest as _layover_v1_ReadBlobRequest, ReadBlobRequest__Output as _layover_v1_ReadBlobRequest__Output } from '../../layover/v1/ReadBlobRequest';
import type { ListTagsRequest as _layover_v1_ListTagsRequest, ListTagsRequest__Output as _layover_v1_ListTagsRequest__Output } from '../../layover/v1/ListTagsRequest';
import type { ListReferrersRequest as _layover_v1_ListReferrersRequest, ListReferrersRequest__Output as _layover_v1_ListReferrersRequest__Output } from '../../layover/v1/ListReferrersRequest';
import type { ListRepositoriesRequest as _layover_v1_ListRepositoriesRequest, ListRepositoriesRequest__Output as _layover_v1_ListRepositoriesRequest__Output } from '../../layover/v1/ListRepositoriesRequest';
import type { CheckAccessRequest as _layover_v1_CheckAccessRequest, CheckAccessRequest__Output as _layover_v1_CheckAccessRequest__Output } from '../../layover/v1/CheckAccessRequest';
import type { IssueTokenRequest as _layover_v1_IssueTokenRequest, IssueTokenRequest__Output as _layover_v1_IssueTokenRequest__Output } from '../../layover/v1/IssueTokenRequest';
import type { RecordAnswersRequest as _layover_v1_RecordAnswersRequest, RecordAnswersRequest__Output as _layover_v1_RecordAnswersRequest__Output } from '../../layover/v1/RecordAnswersRequest';

export interface Call {
  'id'?: (number);
  'timeoutMs'?: (number);
  'traceparent'?: (string);
  'getManifest'?: (_layover_v1_GetManifestRequest | null);
  'statBlob'?: (_layover_v1_StatBlobRequest | null);
  'openBlob'?: (_layover_v1_ReadBlobRequest | null);
  'listTags'?: (_layover_v1_ListTagsRequest | null);
  'listReferrers'?: (_layover_v1_ListReferrersRequest | null);
  'listRepositories'?: (_layover_v1_ListRepositoriesRequest | null);
  'checkAccess'?: (_layover_v1_CheckAccessRequest | null);
  'issueToken'?: (_layover_v1_IssueTokenRequest | null);
  'recordAnswers'?: (_layover_v1_RecordAnswersRequest | null);
  'request'?: "getManifest"|"statBlob"|"openBlob"|"listTags"|"listReferrers"|"listRepositories"|"checkAccess"|"issueToken"|"recordAnswers";
}

export interface Call__Output {
  'id': (number);
  'timeoutMs': (number);
  'traceparent': (string);
  'getManifest'?: (_layover_v1_GetManifestRequest__Output | null);
  'statBlob'?: (_layover_v1_StatBlobRequest__Output | null);
  'openBlob'?: (_layover_v1_ReadBlobRequest__Output | null);
  'listTags'?: (_layover_v1_ListTagsRequest__Output | null);
  'listReferrers'?: (_layover_v1_ListReferrersRequest__Output | null);
  'listRepositories'?: (_layover_v1_ListRepositoriesRequest__Output | null);
  'checkAccess'?: (_layover_v1_CheckAccessRequest__Output | null);
  'issueToken'?: (_layover_v1_IssueTokenRequest__Output | null);
  'recordAnswers'?: (_layover_v1_RecordAnswersRequest__Output | null);
  'request'?: "getManifest"|"statBlob"|"openBlob"|"listTags"|"listReferrers"|"listRepositories"|"checkAccess"|"issueToken"|"recordAnswers";
}
