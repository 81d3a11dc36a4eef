import type { ListReferrersReply } from '../../../../proto/gen/layover/v1/ListReferrersReply';
import type { ListReferrersRequest__Output } from '../../../../proto/gen/layover/v1/ListReferrersRequest';
import type { Addresses } from '../../access/addresses';
import type { ManifestService } from '../../manifests/manifest-service';
import type { ReferrersList } from '../../manifests/list-referrers';
import { readDigest, readRepository } from '../read-request';

/**
 * Answers Registry.ListReferrers (registry.proto). Throws NAME_INVALID, DIGEST_INVALID and the
 * errors of ReferrersList. An empty list does not tell whether the repository exists, so an address
 * with two readings is decided with the subject.
 */
export async function listReferrersRpc(
  addresses: Addresses,
  manifests: Pick<ManifestService, 'get'>,
  referrers: ReferrersList,
  message: ListReferrersRequest__Output,
  signal: AbortSignal,
): Promise<ListReferrersReply> {
  const { artifactType, page } = message;
  const digest = readDigest(message.digest);
  return addresses.decided(
    { ...readRepository(message, signal), digest, artifactType, page },
    (request) => manifests.get({ ...request, reference: { kind: 'digest', digest }, headOnly: true, accept: [] }),
    (request) => referrers.list(request),
  );
}
