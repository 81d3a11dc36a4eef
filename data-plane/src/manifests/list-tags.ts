import type { FairQueue } from '../../../common/async/fair-queue';
import { SingleFlight } from '../../../common/async/single-flight';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import type { Access } from '../access/access';
import { type AnsweredFor, answeredFor } from '../access/answered-for';
import type { PullTarget } from '../access/pull-target';
import { repositoryScope } from '../access/repository-scope';
import type { RepositoryRequest } from '../access/request';
import type { UpstreamReporter } from '../journal/upstream-reporter';
import type { Knowledge } from '../known/knowledge';
import { classifyUpstreamError } from '../upstream/classify-upstream-error';
import type { TagPageRequest, UpstreamRegistry, UpstreamTagPage } from '../upstream/upstream-registry';
import type { ManifestCacheStatus } from './content/manifest-answer';
import { readToEnd } from './join-tag-pages';
import type { PageTokens } from './page-tokens';

/** Maximum page size, regardless of what the client requests. */
const MAX_PAGE = 1000;

/** A request for a page of tags. */
export interface TagsRequest extends RepositoryRequest {
  /** The page size that the client requested; 0 = none requested. */
  readonly limit: number;
  /** Return the tags after this one; empty = from the start. */
  readonly last: string;
  /** The page token of the previous page; empty = none. It replaces `last`. */
  readonly page: string;
}

/**
 * A page of a tag list. On the last page, `nextLast` and `nextPage` are empty. If `nextPage` is not
 * empty, it continues the list. `nextLimit` 0 = the link to the next page has no page size.
 */
export interface TagsPage extends AnsweredFor {
  readonly tags: readonly string[];
  readonly nextLast: string;
  readonly nextPage: string;
  readonly nextLimit: number;
  readonly cacheStatus: Extract<ManifestCacheStatus, 'HIT' | 'MISS' | 'STALE'>;
}

/** The dependencies of the tag and referrers lists. */
export interface ListParts {
  readonly access: Access;
  readonly upstream: UpstreamRegistry;
  readonly knowledge: Knowledge;
  readonly reporter: UpstreamReporter;
  readonly pageTokens: PageTokens;
  readonly clock: Clock;
  /** The turns of organizations to read a list of their upstream. */
  readonly turns: FairQueue;
}

/**
 * Lists that are read from upstreams at once, of one organization and in all. A list that an
 * upstream continues with long links takes up to 16 MiB while it is read.
 */
export const UPSTREAM_LISTS_AT_ONCE = { perOrganization: 4, inAll: 16 } as const;

/** The page that a request asks for. */
interface WantedPage {
  readonly request: TagPageRequest;
  /** The tag after which cached tags may be listed; undefined = cached tags must not be listed. */
  readonly cachedAfter: string | undefined;
}

/**
 * Lists tags through the cache (docs/design/pull-semantics.md#tag-lists). A page of the upstream is
 * served again for `revalidateAfterSeconds`. A list is complete or ends with an error: a page that
 * is not the last one always says how the list goes on.
 */
export class TagList {
  private readonly asked = new SingleFlight<UpstreamTagPage>({ whenAbandoned: 'abort' });

  constructor(private readonly parts: ListParts) {}

  /**
   * Returns a page of the upstream or, if the upstream is down, the cached tags that may be served.
   * Cached tags never continue a list of the upstream. Throws PAGINATION_INVALID; REQUEST_INVALID
   * for a page token of something else; NAME_UNKNOWN if the upstream does not know the repository;
   * UPSTREAM_DENIED; UPSTREAM_REFUSED_REQUEST; the outage itself if nothing is cached; and the
   * errors of Access.
   */
  async list(request: TagsRequest): Promise<TagsPage> {
    if (!Number.isSafeInteger(request.limit) || request.limit < 0) throw new LayoverError('PAGINATION_INVALID');
    const { access, knowledge, reporter, clock } = this.parts;
    const located = await access.locateForClient(request);
    const target = await access.authorize(located, request.context.authorization);
    const limit = Math.min(request.limit, MAX_PAGE);
    const wanted = this.wantedPage(target, request, limit);
    const key = keyOf(target, wanted.request);
    const kept = knowledge.tagPage(target.key, key);
    const age = kept === undefined ? Infinity : clock.now() - kept.checkedAt;
    if (kept !== undefined && age >= 0 && age < target.proxy.revalidateAfterSeconds * 1000) {
      return this.answer(target, kept.page, limit, 'HIT');
    }
    try {
      return this.answer(target, await this.ask(target, key, wanted.request, request.signal), limit, 'MISS');
    } catch (error) {
      const trouble = classifyUpstreamError(error);
      if (trouble === 'gone') throw new LayoverError('NAME_UNKNOWN', { ...shownOf(error), cause: error });
      if (trouble !== 'outage') throw error;
      return await this.duringOutage(target, wanted, error, limit);
    } finally {
      reporter.touch(target);
    }
  }

  private wantedPage(target: PullTarget, { last, page }: TagsRequest, limit: number): WantedPage {
    const size = limit > 0 ? { limit } : {};
    if (page === '') {
      return { request: last === '' ? size : { ...size, last }, cachedAfter: last === '' ? '' : undefined };
    }
    const place = this.parts.pageTokens.read(listOf(target), page);
    if ('cached' in place) return { request: { ...size, last: place.cached }, cachedAfter: place.cached };
    return { request: { ...size, position: place }, cachedAfter: undefined };
  }

  private ask(
    target: PullTarget,
    key: string,
    request: TagPageRequest,
    signal: AbortSignal | undefined,
  ): Promise<UpstreamTagPage> {
    const { upstream, knowledge, clock, turns } = this.parts;
    const read = async (): Promise<UpstreamTagPage> => {
      const before = knowledge.changes(target.key);
      const page = await readToEnd(upstream, target.upstream, await upstream.listTags(target.upstream, request), {
        until: (next) => this.tokenOf(target, next) !== undefined,
      });
      if (target.proxy.revalidateAfterSeconds > 0 && knowledge.changes(target.key) === before) {
        knowledge.putTagPage(target.key, key, { page, checkedAt: clock.now() });
      }
      return page;
    };
    // If all callers leave, a list that waits is not read. One that is being read is read to its
    // end.
    return this.asked.run(
      `${repositoryScope(target)}\n${key}`,
      (abandoned) => turns.run(target.organization.uid, read, abandoned),
      signal,
    );
  }

  /**
   * Handles an upstream that did not answer. Throws the outage if nothing may be served instead.
   */
  private async duringOutage(
    target: PullTarget,
    { cachedAfter }: WantedPage,
    outage: unknown,
    limit: number,
  ): Promise<TagsPage> {
    if (cachedAfter === undefined) throw outage;
    const { tags, more } = await this.parts.knowledge.tags(target.key, limit > 0 ? limit : MAX_PAGE, cachedAfter);
    // Without cached tags the outage is returned: an empty list would mean that the repository has
    // no tags.
    if (tags.length === 0 && cachedAfter === '') throw outage;
    const last = more ? (tags.at(-1) ?? '') : '';
    const nextPage = last === '' ? '' : this.parts.pageTokens.write(listOf(target), { cached: last })!;
    return { tags, nextLast: last, nextPage, nextLimit: limit, cacheStatus: 'STALE', ...answeredFor(target) };
  }

  private answer(
    target: PullTarget,
    { tags, nextLast = '', nextLimit = 0, position }: UpstreamTagPage,
    limit: number,
    cacheStatus: TagsPage['cacheStatus'],
  ): TagsPage {
    const nextPage = position === undefined ? '' : this.tokenOf(target, position)!;
    const size = nextLimit > 0 && position === undefined ? nextLimit : limit;
    return { tags, nextLast, nextPage, nextLimit: size, cacheStatus, ...answeredFor(target) };
  }

  private tokenOf(target: PullTarget, position: NonNullable<UpstreamTagPage['position']>): string | undefined {
    return this.parts.pageTokens.write(listOf(target), position);
  }
}

/** Returns the list that page tokens of a repository's tags belong to. */
function listOf(target: PullTarget): string {
  return `tags\n${repositoryScope(target)}`;
}

/** Returns the key of a page. Pages that other credentials were given are not found. */
function keyOf({ proxy }: PullTarget, { limit, last, position }: TagPageRequest): string {
  return JSON.stringify([proxy.credentialVersion, limit ?? 0, last ?? '', position?.query, position?.after]);
}

function shownOf(error: unknown): { readonly message?: string; readonly upstreamStatus?: number } {
  const { message, upstreamStatus } = error as LayoverError;
  return { message, upstreamStatus };
}
