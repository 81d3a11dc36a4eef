import type { Digest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import type { PullTarget } from '../access/pull-target';
import type { KeptReferrers } from '../known/knowledge';
import { repositoryScope } from '../access/repository-scope';
import type { RepositoryRequest } from '../access/request';
import { SingleFlight } from '../../../common/async/single-flight';
import type { ManifestCacheStatus } from './content/manifest-answer';
import { upstreamTrouble } from '../upstream/upstream-trouble';
import type { UpstreamReferrersPage } from '../upstream/upstream-registry';
import type { ListParts } from './list-tags';

/** Largest answer that is kept (see LocalIndex), in bytes. */
const MAX_KEPT_BYTES = 256 * 1024;

/** A page of the referrers of a digest. */
export interface ReferrersRequest extends RepositoryRequest {
  readonly digest: Digest;
  /** Empty = every type. */
  readonly artifactType: string;
  /** Opaque, from the page before; empty = the first. */
  readonly page: string;
}

/** An OCI index of what refers to a digest. `nextPage` empty = there is no more. */
export interface ReferrersAnswer {
  readonly content: Buffer;
  readonly filtered: boolean;
  readonly cacheStatus: Extract<ManifestCacheStatus, 'HIT' | 'MISS' | 'STALE'>;
  readonly nextPage: string;
  readonly upstreamHost: string;
}

/**
 * Referrers through the cache (OCI distribution specification 1.1, "Listing Referrers"). The last
 * good answer serves for `revalidateAfterSeconds`, and for as long as a tag would be when upstream
 * is out: an outage is never "no signatures" (docs/design/pull-semantics.md#referrers). Only
 * single-page answers are kept: the pages of a longer list belong together.
 */
export class ReferrersList {
  private readonly asked = new SingleFlight<UpstreamReferrersPage>();

  constructor(
    private readonly parts: ListParts,
    private readonly clock: Clock,
  ) {}

  /** Throws UPSTREAM_DENIED, NAME_UNKNOWN, the outage itself where nothing good is kept, and what Access throws. */
  async list(request: ReferrersRequest): Promise<ReferrersAnswer> {
    const { access, knowledge, reporter } = this.parts;
    const located = access.locate(request.owner, request.repository);
    const target = await access.authorize(located, request.context.authorization);
    const upstreamHost = target.proxy.upstreamHost;
    const key = `${request.digest} ${request.artifactType}`;
    const kept = request.page === '' ? knowledge.referrers(target.key, key) : undefined;
    const age = kept === undefined ? Infinity : this.clock.now() - kept.checkedAt;
    if (kept !== undefined && age >= 0 && age < target.proxy.revalidateAfterSeconds * 1000) {
      return { ...contentOf(kept), cacheStatus: 'HIT', nextPage: '', upstreamHost };
    }
    try {
      const fresh = await this.ask(target, key, request);
      return { ...contentOf(fresh), cacheStatus: 'MISS', nextPage: fresh.nextPage ?? '', upstreamHost };
    } catch (error) {
      const limit = target.proxy.staleIfErrorSeconds ?? target.proxy.expirationSeconds;
      if (upstreamTrouble(error) !== 'outage' || kept === undefined || age > limit * 1000) throw error;
      return { ...contentOf(kept), cacheStatus: 'STALE', nextPage: '', upstreamHost };
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
        if (page === '' && nextPage === undefined && content.length <= MAX_KEPT_BYTES) {
          this.parts.knowledge.putReferrers(target.key, key, { content, filtered, checkedAt: this.clock.now() });
        }
        return answer;
      },
      signal,
    );
  }
}

function contentOf({ content, filtered }: Pick<KeptReferrers, 'content' | 'filtered'>): {
  readonly content: Buffer;
  readonly filtered: boolean;
} {
  return { content, filtered };
}
