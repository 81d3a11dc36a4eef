import { LayoverError } from '../../../common/errors/layover-error';
import type { Access } from '../access/access';
import { type AnsweredFor, answeredFor } from '../access/answered-for';
import type { Knowledge } from '../known/knowledge';
import type { RepositoryRequest } from '../access/request';
import type { ManifestCacheStatus } from './content/manifest-answer';
import type { UpstreamReporter } from '../journal/upstream-reporter';
import { classifyUpstreamError } from '../upstream/classify-upstream-error';
import type { UpstreamRegistry } from '../upstream/upstream-registry';

/** Maximum page size, regardless of what the client requests. */
const MAX_PAGE = 1000;

/** A request for a page of tags. */
export interface TagsRequest extends RepositoryRequest {
  /** The page size that the client requested; 0 = none requested. */
  readonly limit: number;
  /** Return the tags after this one; empty = from the start. */
  readonly last: string;
}

/**
 * A page of a tag list. `nextLast` is empty on the last page. `nextLimit` 0 = the link to the next
 * page has no page size.
 */
export interface TagsPage extends AnsweredFor {
  readonly tags: readonly string[];
  readonly nextLast: string;
  readonly nextLimit: number;
  readonly cacheStatus: Extract<ManifestCacheStatus, 'MISS' | 'STALE'>;
}

/** The dependencies of the tag and referrers lists. */
export interface ListParts {
  readonly access: Access;
  readonly upstream: UpstreamRegistry;
  readonly knowledge: Knowledge;
  readonly reporter: UpstreamReporter;
}

/**
 * Lists the tags of the upstream or, if the upstream is down, the cached tags that may be served
 * (docs/design/pull-semantics.md#tag-lists). Tag lists are not cached, because they would be
 * outdated immediately. Throws PAGINATION_INVALID; NAME_UNKNOWN if the upstream does not know the
 * repository; UPSTREAM_DENIED; the outage itself if no tag is cached; and the errors of Access.
 */
export async function listTags(parts: ListParts, request: TagsRequest): Promise<TagsPage> {
  if (!Number.isSafeInteger(request.limit) || request.limit < 0) throw new LayoverError('PAGINATION_INVALID');
  const located = await parts.access.locateForClient(request);
  const target = await parts.access.authorize(located, request.context.authorization);
  const owner = answeredFor(target);
  const limit = Math.min(request.limit, MAX_PAGE);
  try {
    const page = await parts.upstream.listTags(
      target.upstream,
      { ...(limit > 0 ? { limit } : {}), ...(request.last === '' ? {} : { last: request.last }) },
      request.signal,
    );
    const { tags, nextLast = '', nextLimit = 0 } = page;
    return { tags, nextLast, nextLimit: nextLimit > 0 ? nextLimit : limit, cacheStatus: 'MISS', ...owner };
  } catch (error) {
    const trouble = classifyUpstreamError(error);
    if (trouble === 'gone') throw new LayoverError('NAME_UNKNOWN', { ...shownOf(error), cause: error });
    if (trouble !== 'outage') throw error;
    const { tags, more } = await parts.knowledge.tags(target.key, limit > 0 ? limit : MAX_PAGE, request.last);
    // Without cached tags the outage is returned: an empty list would mean that the repository has
    // no tags.
    if (tags.length === 0 && request.last === '') throw error;
    const nextLast = more ? (tags.at(-1) ?? '') : '';
    return { tags, nextLast, nextLimit: limit, cacheStatus: 'STALE', ...owner };
  } finally {
    parts.reporter.touch(target);
  }
}

function shownOf(error: unknown): { readonly message?: string; readonly upstreamStatus?: number } {
  const { message, upstreamStatus } = error as LayoverError;
  return { message, upstreamStatus };
}
