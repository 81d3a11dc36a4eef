import type { LookupBlobReply } from '../../../proto/gen/layover/v1/LookupBlobReply';
import type { LookupBlobRequest__Output } from '../../../proto/gen/layover/v1/LookupBlobRequest';
import type { Queries } from '../db/database';
import type { ManifestStore } from '../cache/content/manifest.store';
import type { ProofStore } from '../cache/proofs/proof.store';
import type { RepositoryStore } from '../cache/content/repository.store';
import { toRepositoryKey } from '../cache/content/repository-key';

/** Maximum number of identities of an organization. */
const MAX_IDENTITIES = 8;

/**
 * Returns the descriptor of a blob if a manifest of the repository names it, which gives the right
 * to ask the upstream for it, and the repositories that proved it for the identities of the request
 * (docs/design/pull-semantics.md#right-to-read). They are independent of each other.
 */
export async function lookupBlob(
  queries: Queries,
  stores: {
    readonly repositories: RepositoryStore;
    readonly manifests: ManifestStore;
    readonly proofs: ProofStore;
  },
  request: LookupBlobRequest__Output,
): Promise<LookupBlobReply> {
  const repository = await stores.repositories.find(queries, toRepositoryKey(request.repository));
  const reference = repository && (await stores.manifests.findBlobReference(queries, repository.id, request.digest));
  const identities = request.identities.slice(0, MAX_IDENTITIES);
  const provenBy = [...(await stores.proofs.repositories(queries, identities, request.digest))];
  if (reference === undefined) return { provenBy };
  return { provenBy, blob: { mediaType: reference.media_type, digest: reference.digest, size: reference.size } };
}
