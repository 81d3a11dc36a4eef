import type { ListCachedTagsReply } from '../../../proto/gen/layover/v1/ListCachedTagsReply';
import type { ListCachedTagsRequest__Output } from '../../../proto/gen/layover/v1/ListCachedTagsRequest';
import type { Queries } from '../db/database';
import type { RepositoryStore } from '../cache/content/repository.store';
import type { TagStore } from '../cache/content/tag.store';
import { toRepositoryKey } from '../cache/content/repository-key';

/** Maximum page size, and the default. */
const MAX_TAGS = 1000;

/** Returns a page of active tags (live and not expired at `now`) in bytewise order. */
export async function listCachedTags(
  queries: Queries,
  stores: { readonly repositories: RepositoryStore; readonly tags: TagStore },
  request: ListCachedTagsRequest__Output,
  now: number,
): Promise<ListCachedTagsReply> {
  const limit = request.limit > 0 ? Math.min(request.limit, MAX_TAGS) : MAX_TAGS;
  const repository = await stores.repositories.find(queries, toRepositoryKey(request.repository));
  if (repository === undefined) return { tags: [], more: false };
  const names = await stores.tags.liveNames(queries, repository.id, limit + 1, request.last, now);
  return { tags: names.slice(0, limit), more: names.length > limit };
}
