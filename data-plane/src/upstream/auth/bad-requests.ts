import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../../common/runtime/clock';
import { type AuthorizationTarget, serverKey } from './authorization-target';

/** Maximum number of servers that are remembered. */
const MAX_SERVERS = 10_000;
/** How long a server is remembered, in milliseconds. */
const REMEMBERED_MS = 10 * 60_000;

/**
 * Remembers which servers answered 400 to a new token, too. Amazon ECR Public answers 400 instead
 * of 401 to a token that is over (aws/containers-roadmap issue 2835), but everywhere a 400 can mean
 * the request itself. Clients that send bad requests therefore cost at most one token per server
 * while it is remembered. Bounded; losing an entry costs one token request.
 */
export class BadRequests {
  private readonly until = new LRUCache<string, number>({ max: MAX_SERVERS });

  constructor(private readonly clock: Clock) {}

  /** Returns whether a 400 of the server may mean that the token is over. */
  mayMeanToken(target: AuthorizationTarget): boolean {
    return (this.until.get(serverKey(target)) ?? 0) <= this.clock.now();
  }

  /** Remembers that a 400 of the server means the request. */
  remember(target: AuthorizationTarget): void {
    this.until.set(serverKey(target), this.clock.now() + REMEMBERED_MS);
  }
}
