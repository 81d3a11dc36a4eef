import { LRUCache } from 'lru-cache';
import { SingleFlight } from '../../../../common/async/single-flight';
import type { Clock } from '../../../../common/runtime/clock';
import type { IssuedToken } from './token-exchange';

/** Tokens kept; the least recently used goes first. */
const MAX_TOKENS = 10_000;
/**
 * A token is renewed when this much of its life is left, at most 30 s: it must outlive the request
 * it goes with (docs/design/access.md#upstream-tokens).
 */
const RENEWAL_SHARE = 0.2;
const MAX_RENEWAL_MS = 30_000;

interface CachedToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly renewAt: number;
}

/**
 * Tokens by key (host, organization, credential version, scope;
 * docs/design/access.md#upstream-tokens), each asked for once however many wait. A waiter that
 * gives up leaves the others alone; a failure is told to those who waited for it and forgotten.
 */
export class TokenCache {
  private readonly tokens = new LRUCache<string, CachedToken>({ max: MAX_TOKENS });
  private readonly flights = new SingleFlight<string>();

  constructor(private readonly clock: Clock) {}

  /** The token under the key, or the one that `issue` gives. Rejects with what `issue` threw, or CANCELLED by the signal. */
  async get(key: string, issue: () => Promise<IssuedToken>, signal: AbortSignal): Promise<string> {
    const cached = this.tokens.get(key);
    if (cached !== undefined && this.clock.now() < cached.renewAt) return cached.token;
    return this.flights.run(key, () => this.issue(key, issue), signal);
  }

  /** Forgets a token that upstream refused, unless another has taken its place meanwhile. */
  drop(key: string, token: string): void {
    if (this.tokens.peek(key)?.token === token) this.tokens.delete(key);
  }

  private async issue(key: string, issue: () => Promise<IssuedToken>): Promise<string> {
    const askedAt = this.clock.now();
    const { token, lifetimeMs } = await issue();
    const margin = Math.min(MAX_RENEWAL_MS, lifetimeMs * RENEWAL_SHARE);
    this.tokens.set(key, { token, renewAt: askedAt + lifetimeMs - margin });
    return token;
  }
}
