import { ApiError } from '../../errors/api-error';

/** Maximum number of probes that run at the same time for one API token, and for all of them. */
const MAX_PER_TOKEN = 10;
const MAX_IN_ALL = 40;
/** Seconds until a retry of a refused probe. A probe takes at most 15. */
const RETRY_SECONDS = 5;

/**
 * Limits the probes of upstreams that run at the same time in this process. A probe of a silent
 * server holds a connection of a data plane for several seconds.
 */
export class RunningProbes {
  private readonly perToken = new Map<string, number>();
  private inAll = 0;

  /** Runs a probe and returns its result. Throws RATE_LIMITED if too many are running. */
  async run<T>(tokenId: string, probe: () => Promise<T>): Promise<T> {
    const own = this.perToken.get(tokenId) ?? 0;
    if (own >= MAX_PER_TOKEN || this.inAll >= MAX_IN_ALL)
      throw new ApiError(
        'RATE_LIMITED',
        `At most ${MAX_PER_TOKEN} upstreams per token, and ${MAX_IN_ALL} in all, are checked at the same time. ` +
          'Try again later.',
        undefined,
        RETRY_SECONDS,
      );
    this.perToken.set(tokenId, own + 1);
    this.inAll += 1;
    try {
      return await probe();
    } finally {
      this.inAll -= 1;
      const left = this.perToken.get(tokenId)! - 1;
      if (left === 0) this.perToken.delete(tokenId);
      else this.perToken.set(tokenId, left);
    }
  }
}
