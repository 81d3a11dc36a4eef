import { SingleFlight } from '../../../common/async/single-flight';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import { type AnsweredFor, answeredFor } from '../access/answered-for';
import type { PullTarget } from '../access/pull-target';
import { repositoryScope } from '../access/repository-scope';
import type { RepositoryRequest } from '../access/request';
import { MAX_STORED_REFERRERS_BYTES, type StoredReferrers } from '../known/knowledge';
import { classifyUpstreamError } from '../upstream/classify-upstream-error';
import type { ListPosition } from '../upstream/upstream-registry';
import type { ManifestCacheStatus } from './content/manifest-answer';
import type { CopyReferrers } from './copied-referrers';
import type { ListParts } from './list-tags';
import { splitIndex } from './split-index';

/** Parts of one answer of the upstream that are stored; the others are requested again. */
const MAX_STORED_PARTS = 4;

/** A request for a page of the referrers of a digest. */
export interface ReferrersRequest extends RepositoryRequest {
  readonly digest: Digest;
  /** Empty = all types. */
  readonly artifactType: string;
  /** The opaque page token of the previous page; empty = the first page. */
  readonly page: string;
}

/** A page of referrers: an OCI index. `nextPage` is empty on the last page. */
export interface ReferrersAnswer extends AnsweredFor {
  readonly content: Buffer;
  readonly filtered: boolean;
  readonly cacheStatus: Extract<ManifestCacheStatus, 'HIT' | 'MISS' | 'STALE'>;
  readonly nextPage: string;
}

/** What a page of referrers is asked for with. */
type ReferrersQuestion = Pick<ReferrersRequest, 'digest' | 'artifactType'>;

/**
 * Lists referrers through the cache (OCI distribution specification 1.1, "Listing Referrers"). The
 * last successful answer is served for `revalidateAfterSeconds`, and, during an outage of the
 * upstream, as long as a tag would be: an outage must never look like "no signatures"
 * (docs/design/pull-semantics.md#referrers). Each page is stored by its place in the list. A page
 * that is larger than what is stored is delivered as several.
 */
export class ReferrersList {
  private readonly asked = new SingleFlight<StoredReferrers>({ whenAbandoned: 'abort' });

  constructor(
    private readonly parts: ListParts,
    /** Gives what is stored to another node; undefined = there is only one node. */
    private readonly copy?: CopyReferrers,
  ) {}

  /**
   * Returns a page of referrers. Throws REQUEST_INVALID for a page token of something else;
   * UPSTREAM_DENIED; UPSTREAM_REFUSED_REQUEST; NAME_UNKNOWN; the outage itself if no answer is
   * stored; and the errors of Access.
   */
  async list(request: ReferrersRequest): Promise<ReferrersAnswer> {
    const { access, reporter } = this.parts;
    const located = await access.locateForClient(request);
    const target = await access.authorize(located, request.context.authorization);
    try {
      return await this.page(target, request);
    } finally {
      reporter.touch(target);
    }
  }

  /**
   * Requests the first page of the upstream for work that no client asked for, and stores it.
   * Throws like {@link list}, except the errors of Access.
   */
  refresh(target: PullTarget, question: ReferrersQuestion): Promise<StoredReferrers> {
    return this.ask(target, question, undefined, undefined);
  }

  private async page(target: PullTarget, request: ReferrersRequest): Promise<ReferrersAnswer> {
    const { knowledge, clock } = this.parts;
    const position = this.positionOf(target, request);
    const name = keyOf(request, position);
    const kept = knowledge.referrers(target.key, request.digest, name);
    const age = kept === undefined ? Infinity : clock.now() - kept.checkedAt;
    if (kept !== undefined && age >= 0 && age < target.proxy.revalidateAfterSeconds * 1000) {
      return this.answerKept(target, request, { name, page: kept, label: 'HIT' });
    }
    try {
      const fresh = await this.ask(target, request, position, request.signal);
      return this.answer(target, request, fresh, 'MISS');
    } catch (error) {
      const limit = target.proxy.staleIfErrorSeconds ?? target.proxy.expirationSeconds;
      if (classifyUpstreamError(error) !== 'outage' || kept === undefined || age > limit * 1000) throw error;
      return this.answerKept(target, request, { name, page: kept, label: 'STALE' });
    }
  }

  /** Answers with a page that was stored before the request, and gives it to the other node. */
  private answerKept(
    target: PullTarget,
    request: ReferrersRequest,
    { name, page, label }: { readonly name: string; readonly page: StoredReferrers; readonly label: 'HIT' | 'STALE' },
  ): ReferrersAnswer {
    // The other node may have joined since the page was stored.
    this.copy?.(target, { digest: request.digest, name, page });
    return this.answer(target, request, page, label);
  }

  private ask(
    target: PullTarget,
    question: ReferrersQuestion,
    position: ListPosition | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StoredReferrers> {
    const key = keyOf(question, position);
    return this.asked.run(
      `${repositoryScope(target)}\n${question.digest}\n${key}`,
      (abandoned) =>
        this.parts.turns.run(target.organization.uid, () => this.fetch(target, question, position), abandoned),
      signal,
    );
  }

  /** Requests a page of the upstream, and stores it in parts. Returns the first part. */
  private async fetch(
    target: PullTarget,
    question: ReferrersQuestion,
    position: ListPosition | undefined,
  ): Promise<StoredReferrers> {
    const { upstream, knowledge, clock } = this.parts;
    const { digest, artifactType } = question;
    const before = knowledge.changes(target.key);
    const query = position?.query === '' ? undefined : position?.query;
    const { content, filtered, nextQuery } = await upstream.listReferrers(target.upstream, digest, {
      ...(artifactType === '' ? {} : { artifactType }),
      ...(query === undefined ? {} : { query }),
    });
    const checkedAt = clock.now();
    const afterPage = nextQuery === undefined ? undefined : { query: nextQuery, after: undefined };
    let at = position;
    let first: StoredReferrers | undefined;
    for (const [index, { content: part, end }] of splitIndex(
      content,
      position?.after,
      MAX_STORED_REFERRERS_BYTES,
    ).entries()) {
      const next = end === undefined ? afterPage : { query: query ?? '', after: end };
      const stored: StoredReferrers = { content: part, filtered, checkedAt, ...(next && { next }) };
      first ??= stored;
      if (index >= MAX_STORED_PARTS || knowledge.changes(target.key) !== before) break;
      const name = keyOf(question, at);
      knowledge.putReferrers(target.key, digest, name, stored);
      this.copy?.(target, { digest, name, page: stored });
      at = next;
    }
    return first!;
  }

  private positionOf(target: PullTarget, request: ReferrersRequest): ListPosition | undefined {
    if (request.page === '') return undefined;
    const place = this.parts.pageTokens.read(listOf(target, request), request.page);
    if ('query' in place) return place;
    throw new LayoverError('REQUEST_INVALID', { message: 'the page token belongs to another list' });
  }

  private answer(
    target: PullTarget,
    question: ReferrersQuestion,
    { content, filtered, next }: StoredReferrers,
    cacheStatus: ReferrersAnswer['cacheStatus'],
  ): ReferrersAnswer {
    const nextPage = next === undefined ? '' : this.parts.pageTokens.write(listOf(target, question), next);
    if (nextPage === undefined) {
      throw new LayoverError('UPSTREAM_CONTENT', {
        message: `${target.upstream.origin.host} continues the referrers of ${question.digest} with a link that is too long`,
      });
    }
    return { content, filtered, cacheStatus, nextPage, ...answeredFor(target) };
  }
}

/** Returns the list that a page token belongs to. */
function listOf(target: PullTarget, { digest, artifactType }: ReferrersQuestion): string {
  return `referrers\n${repositoryScope(target)}\n${digest}\n${artifactType}`;
}

/** Returns the key of a page in the local index. The first page has the key of earlier versions. */
function keyOf({ artifactType }: ReferrersQuestion, position: ListPosition | undefined): string {
  return position === undefined ? artifactType : JSON.stringify([artifactType, position.query, position.after ?? '']);
}
