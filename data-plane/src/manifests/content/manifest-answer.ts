import type { Descriptor } from '../../../../common/oci/descriptor';
import type { CacheStatus__Output } from '../../../../proto/gen/layover/v1/CacheStatus';

/**
 * The cache statuses of a served manifest. Clients see them in X-Layover-Cache
 * (docs/design/pull-semantics.md#cache-status).
 */
export type ManifestCacheStatus = Exclude<CacheStatus__Output, 'CACHE_STATUS_UNSPECIFIED' | 'REFUSED' | 'ERROR'>;

/** The answer to a manifest request. */
export interface ManifestAnswer {
  readonly descriptor: Descriptor;
  /** undefined only for a HEAD of a manifest that is not held. */
  readonly content: Buffer | undefined;
  readonly cacheStatus: ManifestCacheStatus;
  /**
   * Seconds since the upstream was last asked; undefined if it was asked for this request, and for
   * digests, which never change.
   */
  readonly ageSeconds: number | undefined;
  /** The status of the upstream for this request; 0 = it was not asked or did not answer. */
  readonly upstreamStatus: number;
  /**
   * When the upstream confirmed the tag for this request, in milliseconds since the epoch; 0 = it
   * did not.
   */
  readonly checkedAt: number;
}

/** The parts of a request that matter for finding the manifest. */
export interface ManifestLookup {
  readonly headOnly: boolean;
  /** Media types of the client that the upstream is asked for too; see AcceptedTypes. */
  readonly alsoAccept: readonly string[];
  readonly requestId: string;
  readonly signal: AbortSignal | undefined;
}
