import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../../common/runtime/clock';
import { ApiError } from '../../errors/api-error';

/** The size of a burst, in seconds of the average rate. */
const BURST_SECONDS = 2;
/**
 * Maximum number of API tokens in memory. A token that is dropped starts again with a full burst.
 */
const MAX_TOKENS = 10_000;

interface Bucket {
  /** Requests that are allowed now; none if it is below one. */
  left: number;
  /** When `left` was computed, in milliseconds since the epoch. */
  at: number;
}

/** Limits the request rate of each API token with a token bucket, in this process. */
export class RequestRate {
  private readonly buckets = new LRUCache<string, Bucket>({ max: MAX_TOKENS });

  /** `perSecond` is the average number of requests per second; 0 means no limit. */
  constructor(
    private readonly perSecond: number,
    private readonly clock: Clock,
  ) {}

  /**
   * Counts a request. Throws RATE_LIMITED with the time of a retry if it is over the limit; such a
   * request is not counted.
   */
  admit(tokenId: string): void {
    if (this.perSecond === 0) return;
    const now = this.clock.now();
    const burst = this.perSecond * BURST_SECONDS;
    const bucket = this.buckets.get(tokenId) ?? { left: burst, at: now };
    // If the clock was set back, the bucket does not change.
    bucket.left = Math.min(burst, bucket.left + (Math.max(0, now - bucket.at) * this.perSecond) / 1000);
    bucket.at = now;
    this.buckets.set(tokenId, bucket);
    if (bucket.left < 1)
      throw new ApiError(
        'RATE_LIMITED',
        `This token is limited to ${this.perSecond} requests per second, in bursts of ${burst}. Try again later.`,
        undefined,
        Math.max(1, Math.ceil((1 - bucket.left) / this.perSecond)),
      );
    bucket.left -= 1;
  }
}
