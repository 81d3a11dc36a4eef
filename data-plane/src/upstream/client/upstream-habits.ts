import type { Clock } from '../../../../common/runtime/clock';
import { TtlCache } from '../../../../common/runtime/ttl-cache';
import { identityKey } from '../identity-key';
import type { UpstreamOrigin, UpstreamRepository } from '../upstream-registry';

/** Maximum number of upstreams whose habits are remembered. */
const MAX_REMEMBERED = 10_000;

/** How long a habit is remembered, in milliseconds: upstreams are updated. */
const REMEMBERED_MS = 3600_000;

/** The page size of tag lists that an upstream accepted after it refused a larger one. */
export interface AcceptedPageSize {
  /** The page size that was refused; undefined = a request without one. */
  readonly refused: number | undefined;
  /** undefined = a request without a page size. */
  readonly accepted: number | undefined;
}

/**
 * What upstreams cannot do, so that it costs a refused request once and not for each list. Bounded;
 * every entry ends after an hour, and losing one costs a request.
 */
export class UpstreamHabits {
  private readonly withoutReferrers: TtlCache<true>;
  private readonly pageSizes: TtlCache<AcceptedPageSize>;

  constructor(clock: Clock) {
    this.withoutReferrers = new TtlCache(clock, MAX_REMEMBERED);
    this.pageSizes = new TtlCache(clock, MAX_REMEMBERED);
  }

  /** Returns whether the upstream has answered that it has no referrers API for a repository. */
  hasNoReferrersApi({ origin, name }: UpstreamRepository): boolean {
    const upstream = identityKey(origin);
    return [upstream, `${upstream}\n${name}`].some((key) => this.withoutReferrers.get(key) !== undefined);
  }

  /** Remembers a missing referrers API, for one repository or for every one of the upstream. */
  rememberNoReferrersApi({ origin, name }: UpstreamRepository, everywhere: boolean): void {
    const upstream = identityKey(origin);
    const key = everywhere ? upstream : `${upstream}\n${name}`;
    this.withoutReferrers.set(key, true, REMEMBERED_MS);
  }

  /**
   * Returns the page size to ask for instead of `wanted`, which the upstream is known to refuse.
   */
  pageSize(origin: UpstreamOrigin, wanted: number | undefined): number | undefined {
    const known = this.pageSizes.get(identityKey(origin));
    if (known === undefined) return wanted;
    const isRefused =
      known.refused === undefined ? wanted === undefined : wanted !== undefined && wanted >= known.refused;
    return isRefused ? known.accepted : wanted;
  }

  rememberPageSize(origin: UpstreamOrigin, size: AcceptedPageSize): void {
    this.pageSizes.set(identityKey(origin), size, REMEMBERED_MS);
  }
}
