import type { CheckAccessRequest__Output } from '../../../proto/gen/layover/v1/CheckAccessRequest';
import type { GetManifestReply } from '../../../proto/gen/layover/v1/GetManifestReply';
import type { GetManifestRequest__Output } from '../../../proto/gen/layover/v1/GetManifestRequest';
import type { IssueTokenReply } from '../../../proto/gen/layover/v1/IssueTokenReply';
import type { IssueTokenRequest__Output } from '../../../proto/gen/layover/v1/IssueTokenRequest';
import type { ListReferrersReply } from '../../../proto/gen/layover/v1/ListReferrersReply';
import type { ListReferrersRequest__Output } from '../../../proto/gen/layover/v1/ListReferrersRequest';
import type { ListRepositoriesReply } from '../../../proto/gen/layover/v1/ListRepositoriesReply';
import type { ListRepositoriesRequest__Output } from '../../../proto/gen/layover/v1/ListRepositoriesRequest';
import type { ListTagsReply } from '../../../proto/gen/layover/v1/ListTagsReply';
import type { ListTagsRequest__Output } from '../../../proto/gen/layover/v1/ListTagsRequest';
import type { ReadBlobRequest__Output } from '../../../proto/gen/layover/v1/ReadBlobRequest';
import type { RecordAnswersRequest__Output } from '../../../proto/gen/layover/v1/RecordAnswersRequest';
import type { StatBlobReply } from '../../../proto/gen/layover/v1/StatBlobReply';
import type { StatBlobRequest__Output } from '../../../proto/gen/layover/v1/StatBlobRequest';
import type { BlobSender } from './blob-sender';

/** An immediate or later reply. */
type Answer<Reply> = Reply | Promise<Reply>;

/**
 * The behaviour of a fake data plane for each method. A method without a script fails with
 * INTERNAL. A script throws a LayoverError to fail a call as a data plane does. A read whose script
 * returns ends successfully.
 */
export interface Script {
  checkAccess?(request: CheckAccessRequest__Output): Answer<void>;
  getManifest?(request: GetManifestRequest__Output): Answer<GetManifestReply>;
  statBlob?(request: StatBlobRequest__Output): Answer<StatBlobReply>;
  readBlob?(request: ReadBlobRequest__Output, sender: BlobSender): Promise<void>;
  listTags?(request: ListTagsRequest__Output): Answer<ListTagsReply>;
  listRepositories?(request: ListRepositoriesRequest__Output): Answer<ListRepositoriesReply>;
  listReferrers?(request: ListReferrersRequest__Output): Answer<ListReferrersReply>;
  issueToken?(request: IssueTokenRequest__Output): Answer<IssueTokenReply>;
  recordAnswers?(request: RecordAnswersRequest__Output): Answer<void>;
}
