import { LayoverError } from '../../../common/errors/layover-error';
import type { ListCachedRepositoriesReply } from '../../../proto/gen/layover/v1/ListCachedRepositoriesReply';
import type { ListCachedRepositoriesRequest__Output } from '../../../proto/gen/layover/v1/ListCachedRepositoriesRequest';
import type { RepositoryStore } from '../cache/content/repository.store';
import type { Queries } from '../db/database';

/** Maximum page size, and the default. */
const MAX_NAMES = 1000;

/** Maximum number of organizations in a request. Each costs a query. */
const MAX_ORIGINS = 100;

/**
 * Returns a page of the repositories of some organizations that hold content: in the order of the
 * organizations in the request, and in bytewise order within each. An upstream that the
 * organization no longer has counts as empty. Throws REQUEST_INVALID for more than {@link
 * MAX_ORIGINS} organizations.
 */
export async function listCachedRepositories(
  queries: Queries,
  repositories: RepositoryStore,
  { origins, limit: asked, last }: ListCachedRepositoriesRequest__Output,
): Promise<ListCachedRepositoriesReply> {
  if (origins.length > MAX_ORIGINS)
    throw new LayoverError('REQUEST_INVALID', {
      message: `origins has ${origins.length} organizations; the maximum is ${MAX_ORIGINS}`,
    });
  const limit = asked > 0 ? Math.min(asked, MAX_NAMES) : MAX_NAMES;
  const organizations: { readonly organizationUid: string; readonly names: string[] }[] = [];
  let left = limit;
  for (const [at, origin] of origins.entries()) {
    // One more than there is room for tells whether the list goes on.
    const names = await repositories.filledNames(queries, origin, at === 0 ? last : '', left + 1);
    const fitting = names.slice(0, left);
    if (fitting.length > 0) organizations.push({ organizationUid: origin.organizationUid, names: fitting });
    if (names.length > left) return { organizations, more: true };
    left -= fitting.length;
  }
  return { organizations, more: false };
}
