import type { Digest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import { type AnsweredFor, answeredFor } from '../access/answered-for';
import type { PullTarget } from '../access/pull-target';
import type { StoredReferrers } from '../known/knowledge';
import { repositoryScope } from '../access/repository-scope';
import type { RepositoryRequest } from '../access/request';
import { SingleFlight } from '../../../common/async/single-flight';
import type { ManifestCacheStatus } from './content/manifest-answer';
import { classifyUpstreamError } from '../upstream/classify-upstream-error';
import type { UpstreamReferrersPage } from '../upstream/upstream-registry';
import type { ListParts } from './list-tags';

/** Largest answer that is stored (see LocalIndex), in bytes. */
const MAX_STORED_BYTES = 256 * 1024;

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

/**
 * Lists referrers through the cache (OCI distribution specification 1.1, "Listing Referrers"). The
 * last successful answer is served for `revalidateAfterSeconds`, and, during an outage of the
 * upstream, as long as a tag would be: an outage must never look like "no signatures"
 * (docs/design/pull-semantics.md#referrers). Only answers of a single page are stored, because the
 * pages of a longer list belong together.
 */
export class ReferrersList {
  private readonly asked = new SingleFlight<UpstreamReferrersPage>();

  constructor(
    private readonly parts: ListParts,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns a page of referrers. Throws UPSTREAM_DENIED; NAME_UNKNOWN; the outage itself if no
   * answer is stored; and the errors of Access.
   */
  async list(request: ReferrersRequest): Promise<ReferrersAnswer> {
    const { access, knowledge, reporter } = this.parts;
    const located = await access.locateForClient(request);
    const target = await access.authorize(located, request.context.authorization);
    const owner = answeredFor(target);
    const key = `${request.digest} ${request.artifactType}`;
    const kept = request.page === '' ? knowledge.referrers(target.key, key) : undefined;
    const age = kept === undefined ? Infinity : this.clock.now() - kept.checkedAt;
    if (kept !== undefined && age >= 0 && age < target.proxy.revalidateAfterSeconds * 1000) {
      return { ...contentOf(kept), cacheStatus: 'HIT', nextPage: '', ...owner };
    }
    try {
      const fresh = await this.ask(target, key, request);
      return { ...contentOf(fresh), cacheStatus: 'MISS', nextPage: fresh.nextPage ?? '', ...owner };
    } catch (error) {
      const limit = target.proxy.staleIfErrorSeconds ?? target.proxy.expirationSeconds;
      if (classifyUpstreamError(error) !== 'outage' || kept === undefined || age > limit * 1000) throw error;
      return { ...contentOf(kept), cacheStatus: 'STALE', nextPage: '', ...owner };
    } finally {
      reporter.touch(target);
    }
  }

  private ask(target: PullTarget, key: string, request: ReferrersRequest): Promise<UpstreamReferrersPage> {
    const { artifactType, page, digest, signal } = request;
    return this.asked.run(
      `${repositoryScope(target)}\n${key}\n${page}`,
      async () => {
        const answer = await this.parts.upstream.listReferrers(target.upstream, digest, {
          ...(artifactType === '' ? {} : { artifactType }),
          ...(page === '' ? {} : { page }),
        });
        const { content, filtered, nextPage } = answer;
        if (page === '' && nextPage === undefined && content.length <= MAX_STORED_BYTES) {
          this.parts.knowledge.putReferrers(target.key, key, { content, filtered, checkedAt: this.clock.now() });
        }
        return answer;
      },
      signal,
    );
  }
}

function contentOf({ content, filtered }: Pick<StoredReferrers, 'content' | 'filtered'>): {
  readonly content: Buffer;
  readonly filtered: boolean;
} {
  return { content, filtered };
}
