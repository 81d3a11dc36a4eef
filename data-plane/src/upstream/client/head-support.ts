import type { Clock } from '../../../../common/runtime/clock';
import { TtlCache } from '../../../../common/runtime/ttl-cache';
import { identityKey } from '../identity-key';
import type { UpstreamOrigin } from '../upstream-registry';

const MAX_UPSTREAMS = 10_000;
const REFUSED_MS = 10 * 60_000;
const PASSING_MS = 60_000;

/**
 * Remembers which upstreams answer GET of a manifest but give nothing that can be used to HEAD
 * (docs/design/pull-semantics.md#head-at-the-upstream). They are asked with GET at once until that
 * memory ends. Bounded; losing an entry costs one HEAD.
 */
export class HeadSupport {
  /** Upstreams that get no HEAD. */
  private readonly useless: TtlCache<true>;

  constructor(clock: Clock) {
    this.useless = new TtlCache(clock, MAX_UPSTREAMS);
  }

  /** Returns whether a HEAD of a manifest is worth its request. */
  isUseful(origin: UpstreamOrigin): boolean {
    return this.useless.get(identityKey(origin)) === undefined;
  }

  /**
   * Remembers that a GET succeeded after a HEAD with this status; 200 = one without a digest. 404,
   * 410 and most 5xx may have been a passing state of the upstream, so they are remembered for a
   * minute only: at some registries a GET counts as a pull and a HEAD does not.
   */
  wasUseless(origin: UpstreamOrigin, status: number): void {
    const passing = status === 404 || status === 410 || (status >= 500 && status !== 501);
    this.useless.set(identityKey(origin), true, passing ? PASSING_MS : REFUSED_MS);
  }
}
