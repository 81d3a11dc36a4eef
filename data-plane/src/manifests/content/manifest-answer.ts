import type { Descriptor } from '../../../../common/oci/descriptor';
import type { CacheStatus__Output } from '../../../../proto/gen/layover/v1/CacheStatus';

/**
 * The cache statuses of a manifest that is served; clients see them in X-Layover-Cache
 * (docs/design/pull-semantics.md#cache-status).
 */
export type ManifestCacheStatus = Exclude<CacheStatus__Output, 'CACHE_STATUS_UNSPECIFIED' | 'REFUSED' | 'ERROR'>;

/** A manifest that is to be given to a client. */
export interface ManifestAnswer {
  readonly descriptor: Descriptor;
  /** undefined only for a HEAD whose manifest is not held. */
  readonly content: Buffer | undefined;
  readonly cacheStatus: ManifestCacheStatus;
  /** Seconds since upstream was last asked; undefined where it was just asked, and for digests, which never change. */
  readonly ageSeconds: number | undefined;
  /** What upstream answered to this request; 0 = it was not asked, or did not answer. */
  readonly upstreamStatus: number;
  /** When upstream confirmed the tag for this request (milliseconds since the epoch); 0 = it did not. */
  readonly checkedAt: number;
}

/** What of a request matters for finding its manifest. */
export interface ManifestLookup {
  readonly headOnly: boolean;
  readonly requestId: string;
  readonly signal: AbortSignal | undefined;
}
