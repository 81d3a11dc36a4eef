import { LRUCache } from 'lru-cache';
import { SingleFlight } from '../../../../common/async/single-flight';
import type { Clock } from '../../../../common/runtime/clock';
import type { UpstreamToken } from './token-exchange';

/** Maximum number of cached tokens; the least recently used is dropped first. */
const MAX_TOKENS = 10_000;
/**
 * A token is renewed when this share of its lifetime is left, at most 30 s, because it must outlive
 * the request that it authorizes (docs/design/access.md#upstream-tokens).
 */
const RENEWAL_SHARE = 0.2;
const MAX_RENEWAL_MS = 30_000;

interface CachedToken {
  readonly token: string;
  /** As Clock.steady. */
  readonly renewAt: number;
}

/**
 * Caches tokens by key (host, organization, credential version, scope;
 * docs/design/access.md#upstream-tokens). Concurrent callers share one request. A caller that
 * aborts does not affect the others. A failure is returned to all waiting callers and is not
 * cached.
 */
export class TokenCache {
  private readonly tokens = new LRUCache<string, CachedToken>({ max: MAX_TOKENS });
  private readonly flights = new SingleFlight<string>();

  constructor(private readonly clock: Clock) {}

  /**
   * Returns the cached token, or the token that `issue` returns. Rejects with the error of `issue`,
   * or with CANCELLED if the signal aborts.
   */
  async get(key: string, issue: () => Promise<UpstreamToken>, signal: AbortSignal): Promise<string> {
    const cached = this.tokens.get(key);
    if (cached !== undefined && this.clock.steady() < cached.renewAt) return cached.token;
    return this.flights.run(key, () => this.issue(key, issue), signal);
  }

  /** Removes a token that the upstream refused, unless it was replaced meanwhile. */
  drop(key: string, token: string): void {
    if (this.tokens.peek(key)?.token === token) this.tokens.delete(key);
  }

  private async issue(key: string, issue: () => Promise<UpstreamToken>): Promise<string> {
    const askedAt = this.clock.steady();
    const { token, lifetimeMs } = await issue();
    const margin = Math.min(MAX_RENEWAL_MS, lifetimeMs * RENEWAL_SHARE);
    this.tokens.set(key, { token, renewAt: askedAt + lifetimeMs - margin });
    return token;
  }
}
