// Original file: proto/layover/v1/registry.proto

import type { GetManifestReply as _layover_v1_GetManifestReply, GetManifestReply__Output as _layover_v1_GetManifestReply__Output } from '../../layover/v1/GetManifestReply';
import type { StatBlobReply as _layover_v1_StatBlobReply, StatBlobReply__Output as _layover_v1_StatBlobReply__Output } from '../../layover/v1/StatBlobReply';
import type { OpenBlobReply as _layover_v1_OpenBlobReply, OpenBlobReply__Output as _layover_v1_OpenBlobReply__Output } from '../../layover/v1/OpenBlobReply';
import type { ListTagsReply as _layover_v1_ListTagsReply, ListTagsReply__Output as _layover_v1_ListTagsReply__Output } from '../../layover/v1/ListTagsReply';
import type { ListReferrersReply as _layover_v1_ListReferrersReply, ListReferrersReply__Output as _layover_v1_ListReferrersReply__Output } from '../../layover/v1/ListReferrersReply';
import type { ListRepositoriesReply as _layover_v1_ListRepositoriesReply, ListRepositoriesReply__Output as _layover_v1_ListRepositoriesReply__Output } from '../../layover/v1/ListRepositoriesReply';
import type { CheckAccessReply as _layover_v1_CheckAccessReply, CheckAccessReply__Output as _layover_v1_CheckAccessReply__Output } from '../../layover/v1/CheckAccessReply';
import type { IssueTokenReply as _layover_v1_IssueTokenReply, IssueTokenReply__Output as _layover_v1_IssueTokenReply__Output } from '../../layover/v1/IssueTokenReply';
import type { RecordAnswersReply as _layover_v1_RecordAnswersReply, RecordAnswersReply__Output as _layover_v1_RecordAnswersReply__Output } from '../../layover/v1/RecordAnswersReply';

export interface Answer {
  'id'?: (number);
  'failure'?: (Buffer | Uint8Array | string);
  'getManifest'?: (_layover_v1_GetManifestReply | null);
  'statBlob'?: (_layover_v1_StatBlobReply | null);
  'openBlob'?: (_layover_v1_OpenBlobReply | null);
  'listTags'?: (_layover_v1_ListTagsReply | null);
  'listReferrers'?: (_layover_v1_ListReferrersReply | null);
  'listRepositories'?: (_layover_v1_ListRepositoriesReply | null);
  'checkAccess'?: (_layover_v1_CheckAccessReply | null);
  'issueToken'?: (_layover_v1_IssueTokenReply | null);
  'recordAnswers'?: (_layover_v1_RecordAnswersReply | null);
  'result'?: "failure"|"getManifest"|"statBlob"|"openBlob"|"listTags"|"listReferrers"|"listRepositories"|"checkAccess"|"issueToken"|"recordAnswers";
}

export interface Answer__Output {
  'id': (number);
  'failure'?: (Buffer);
  'getManifest'?: (_layover_v1_GetManifestReply__Output | null);
  'statBlob'?: (_layover_v1_StatBlobReply__Output | null);
  'openBlob'?: (_layover_v1_OpenBlobReply__Output | null);
  'listTags'?: (_layover_v1_ListTagsReply__Output | null);
  'listReferrers'?: (_layover_v1_ListReferrersReply__Output | null);
  'listRepositories'?: (_layover_v1_ListRepositoriesReply__Output | null);
  'checkAccess'?: (_layover_v1_CheckAccessReply__Output | null);
  'issueToken'?: (_layover_v1_IssueTokenReply__Output | null);
  'recordAnswers'?: (_layover_v1_RecordAnswersReply__Output | null);
  'result'?: "failure"|"getManifest"|"statBlob"|"openBlob"|"listTags"|"listReferrers"|"listRepositories"|"checkAccess"|"issueToken"|"recordAnswers";
}
