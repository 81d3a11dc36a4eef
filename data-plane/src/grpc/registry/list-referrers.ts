import type { ListReferrersReply } from '../../../../proto/gen/layover/v1/ListReferrersReply';
import type { ListReferrersRequest__Output } from '../../../../proto/gen/layover/v1/ListReferrersRequest';
import type { ReferrersList } from '../../manifests/list-referrers';
import { readDigest, readRepository } from '../read-request';

/**
 * Answers Registry.ListReferrers (registry.proto). Throws NAME_INVALID, DIGEST_INVALID and the
 * errors of ReferrersList.
 */
export async function listReferrersRpc(
  referrers: ReferrersList,
  message: ListReferrersRequest__Output,
  signal: AbortSignal,
): Promise<ListReferrersReply> {
  const { artifactType, page } = message;
  return referrers.list({ ...readRepository(message, signal), digest: readDigest(message.digest), artifactType, page });
}
