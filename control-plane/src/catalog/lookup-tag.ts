import type { LookupTagReply } from '../../../proto/gen/layover/v1/LookupTagReply';
import type { LookupTagRequest__Output } from '../../../proto/gen/layover/v1/LookupTagRequest';
import type { Queries } from '../db/database';
import type { RepositoryStore } from '../cache/content/repository.store';
import type { TagStore } from '../cache/content/tag.store';
import { toRepositoryKey } from '../cache/content/repository-key';

/**
 * Returns the state of a tag, expired or not. The data plane uses expires_at to decide whether it
 * may serve the tag without asking the upstream.
 */
export async function lookupTag(
  queries: Queries,
  stores: { readonly repositories: RepositoryStore; readonly tags: TagStore },
  request: LookupTagRequest__Output,
): Promise<LookupTagReply> {
  const repository = await stores.repositories.find(queries, toRepositoryKey(request.repository));
  const tag =
    repository &&
    ((await stores.tags.findLive(queries, repository.id, request.tag)) ??
      (await stores.tags.findExpired(queries, repository.id, request.tag)));
  if (tag === undefined) return {};
  return {
    tag: {
      manifest: { mediaType: tag.media_type, digest: tag.digest, size: tag.size },
      checkedAt: tag.checked_at,
      expiresAt: tag.expires_at ?? -1,
    },
  };
}
