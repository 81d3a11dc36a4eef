import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../runtime/clock';
import { clientNetwork } from './client-network';

/** A login with a name and a secret, or with a secret alone. */
export interface Attempt {
  /** Address of the client. IPv6 addresses of one /64 network count as one client. */
  readonly client: string;
  /** The claimed account; empty if logins do not name one. */
  readonly account: string;
  readonly secret: string;
}

interface Failures {
  count: number;
  /** As Clock.steady. */
  lastAt: number;
  /** Hashes of the last attempts without an account. */
  readonly hashes: Set<string>;
  /** No attempt is checked before this time, as Clock.steady; 0 = now. */
  blockedUntil: number;
}

/** Failures with one account from one client that have no effect: a secret was mistyped. */
const FREE_FAILURES = 10;
/** Failures of one client with any accounts that have no effect. Many clients may share it. */
const FREE_CLIENT_FAILURES = 50;
/** Failures with one account from all clients after which each client has a single free failure. */
const MANY_ACCOUNT_FAILURES = 50;
/** Failures whose answer is delayed before attempts are refused. */
const DELAYED_FAILURES = 4;
const FIRST_DELAY_MS = 250;
const FIRST_BLOCK_MS = 1_000;
const MAX_BLOCK_MS = 60_000;
/** Failures are forgotten after this many milliseconds without another one. */
const FORGOTTEN_AFTER_MS = 900_000;
/** Maximum number of remembered tokens of a client. */
const MAX_HASHES = 32;
/** Maximum number of entries of each kind in memory; the least recently used are forgotten. */
const MAX_ENTRIES = 10_000;

/**
 * Slows down logins after repeated failures, counted per client and account, per client, and per
 * account. The first failures have no effect, the answers to the next ones are delayed, and then
 * attempts are refused for a time that doubles, up to a minute. Failures of one client never block
 * another client, so an attacker cannot lock an account: failures of an account only reduce the
 * free failures of each client. Credentials that were correct before are not slowed down for the
 * same client. Counts are kept in memory, and their number is bounded.
 */
export class AttemptThrottle {
  private readonly pairs = new LRUCache<string, Failures>({ max: MAX_ENTRIES });
  private readonly clients = new LRUCache<string, Failures>({ max: MAX_ENTRIES });
  private readonly accounts = new LRUCache<string, Failures>({ max: MAX_ENTRIES });
  /** Hashes of attempts that succeeded. */
  private readonly good = new LRUCache<string, true>({ max: MAX_ENTRIES });

  constructor(private readonly clock: Clock) {}

  /**
   * Returns how long the next attempt must wait, in milliseconds; 0 = it may be checked now. An
   * attempt that must wait is refused without a check of its secret, and is not counted.
   */
  waitMs(sent: Attempt): number {
    if (this.pairs.size === 0 && this.clients.size === 0) return 0;
    const attempt = ofNetwork(sent);
    if (this.good.size > 0 && this.good.has(hashOf(attempt))) return 0;
    const until = Math.max(
      this.current(this.pairs, pairOf(attempt))?.blockedUntil ?? 0,
      this.current(this.clients, attempt.client)?.blockedUntil ?? 0,
    );
    return Math.max(0, until - this.clock.steady());
  }

  /** Counts a failure. Returns by how many milliseconds its answer should be delayed. */
  failed(sent: Attempt): number {
    const attempt = ofNetwork(sent);
    const hash = hashOf(attempt);
    this.good.delete(hash);
    if (attempt.account === '' && this.isRepeated(attempt.client, hash)) return 0;
    const account = this.count(this.accounts, attempt.account);
    const isAttacked = attempt.account !== '' && account.count > MANY_ACCOUNT_FAILURES;
    const pair = this.count(this.pairs, pairOf(attempt));
    const client = this.count(this.clients, attempt.client);
    if (attempt.account === '' && client.hashes.size < MAX_HASHES) client.hashes.add(hash);
    return Math.max(
      this.slowDown(pair, isAttacked ? 1 : FREE_FAILURES),
      this.slowDown(client, attempt.account === '' ? FREE_FAILURES : FREE_CLIENT_FAILURES),
    );
  }

  /** Forgets the failures of the client with this account, and remembers that it was correct. */
  succeeded(sent: Attempt): void {
    const attempt = ofNetwork(sent);
    if (this.pairs.size > 0) this.pairs.delete(pairOf(attempt));
    this.good.set(hashOf(attempt), true);
  }

  /**
   * Returns whether the client has sent the same token lately. A program that repeats an old token
   * does not guess, and may share its address with others.
   */
  private isRepeated(client: string, hash: string): boolean {
    return this.current(this.clients, client)?.hashes.has(hash) === true;
  }

  private slowDown(failures: Failures, free: number): number {
    const excess = failures.count - free;
    if (excess <= 0) return 0;
    if (excess <= DELAYED_FAILURES) return FIRST_DELAY_MS * 2 ** (excess - 1);
    const block = Math.min(MAX_BLOCK_MS, FIRST_BLOCK_MS * 2 ** Math.min(16, excess - DELAYED_FAILURES));
    failures.blockedUntil = this.clock.steady() + block;
    return 0;
  }

  private count(all: LRUCache<string, Failures>, key: string): Failures {
    const failures = this.current(all, key) ?? { count: 0, lastAt: 0, hashes: new Set(), blockedUntil: 0 };
    failures.count += 1;
    failures.lastAt = this.clock.steady();
    all.set(key, failures);
    return failures;
  }

  private current(all: LRUCache<string, Failures>, key: string): Failures | undefined {
    const failures = all.get(key);
    if (failures === undefined || this.clock.steady() - failures.lastAt < FORGOTTEN_AFTER_MS) return failures;
    all.delete(key);
    return undefined;
  }
}

function ofNetwork(attempt: Attempt): Attempt {
  return { ...attempt, client: clientNetwork(attempt.client) };
}

function pairOf({ client, account }: Attempt): string {
  return `${client}\n${account}`;
}

/** Returns a hash, so that no secret stays in memory. */
function hashOf({ client, account, secret }: Attempt): string {
  return createHash('sha256').update(`${client}\n${account}\n${secret}`).digest('base64');
}
