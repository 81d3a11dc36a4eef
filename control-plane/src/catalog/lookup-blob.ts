import type { LookupBlobReply } from '../../../proto/gen/layover/v1/LookupBlobReply';
import type { LookupBlobRequest__Output } from '../../../proto/gen/layover/v1/LookupBlobRequest';
import type { Queries } from '../db/database';
import type { ManifestStore } from '../cache/content/manifest.store';
import type { RepositoryStore } from '../cache/content/repository.store';
import { toRepositoryKey } from '../cache/content/repository-key';

/**
 * Returns the descriptor of a blob if a manifest of the repository names it. Manifests of other
 * repositories give no right to read it (docs/design/pull-semantics.md#right-to-read).
 */
export async function lookupBlob(
  queries: Queries,
  stores: { readonly repositories: RepositoryStore; readonly manifests: ManifestStore },
  request: LookupBlobRequest__Output,
): Promise<LookupBlobReply> {
  const repository = await stores.repositories.find(queries, toRepositoryKey(request.repository));
  const reference = repository && (await stores.manifests.findBlobReference(queries, repository.id, request.digest));
  if (reference === undefined) return {};
  return { blob: { mediaType: reference.media_type, digest: reference.digest, size: reference.size } };
}
