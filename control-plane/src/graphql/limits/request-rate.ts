import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../../common/runtime/clock';
import { ApiError } from '../../errors/api-error';

/** Seconds' worth of requests that may come at once after a pause. */
const BURST_SECONDS = 2;
/** Tokens that are remembered. One that is forgotten starts anew, with a whole burst. */
const MAX_TOKENS = 10_000;

interface Bucket {
  /** Requests that may be made now; below one there is none. */
  left: number;
  /** When `left` was right, in milliseconds since the epoch. */
  at: number;
}

/** Bounds how often each API token may ask (a token bucket for each), in this process. */
export class RequestRate {
  private readonly buckets = new LRUCache<string, Bucket>({ max: MAX_TOKENS });

  /** `perSecond`: requests per second on average; 0 = no limit. */
  constructor(
    private readonly perSecond: number,
    private readonly clock: Clock,
  ) {}

  /** Counts a request. Throws RATE_LIMITED, with when to try again, for one that is too many; such a one is not counted. */
  admit(tokenId: string): void {
    if (this.perSecond === 0) return;
    const now = this.clock.now();
    const burst = this.perSecond * BURST_SECONDS;
    const bucket = this.buckets.get(tokenId) ?? { left: burst, at: now };
    // A clock that was set back gives nothing, and takes nothing away.
    bucket.left = Math.min(burst, bucket.left + (Math.max(0, now - bucket.at) * this.perSecond) / 1000);
    bucket.at = now;
    this.buckets.set(tokenId, bucket);
    if (bucket.left < 1)
      throw new ApiError(
        'RATE_LIMITED',
        `This token may make ${this.perSecond} requests per second, in bursts of ${burst}. Try again later.`,
        undefined,
        Math.max(1, Math.ceil((1 - bucket.left) / this.perSecond)),
      );
    bucket.left -= 1;
  }
}
