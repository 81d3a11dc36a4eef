import type { Clock } from '../../../../common/runtime/clock';
import { TtlCache } from '../../../../common/runtime/ttl-cache';
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
  private readonly servers: TtlCache<true>;

  constructor(clock: Clock) {
    this.servers = new TtlCache(clock, MAX_SERVERS);
  }

  /** Returns whether a 400 of the server may mean that the token is over. */
  mayMeanToken(target: AuthorizationTarget): boolean {
    return this.servers.get(serverKey(target)) === undefined;
  }

  /** Remembers that a 400 of the server means the request. */
  remember(target: AuthorizationTarget): void {
    this.servers.set(serverKey(target), true, REMEMBERED_MS);
  }
}
