import { LRUCache } from 'lru-cache';
import { isLayoverError } from '../../../../common/errors/layover-error';
import type { ErrorKey } from '../../../../common/errors/catalogue';
import type { Clock } from '../../../../common/runtime/clock';
import type { ResponseHeaders } from '../http/response-headers';
import type { UpstreamHealth, UpstreamOrigin } from '../upstream-registry';
import { identityKey } from '../identity-key';

/** Maximum number of identities with a remembered state. */
const MAX_STATES = 10_000;

interface State {
  reachable: boolean;
  lastCheckedAt: number | undefined;
  lastError: string | undefined;
  rateLimit: number | undefined;
  rateLimitRemaining: number | undefined;
  /** As Clock.steady; 0 = none. */
  blockedUntil: number;
}

/** Failures that mean that the upstream is unreachable, in contrast to unexpected answers. */
const UNREACHABLE: readonly ErrorKey[] = [
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_TLS',
  'UPSTREAM_ADDRESS_REFUSED',
  'UPSTREAM_FAILED',
];
/** Failures that say nothing about the health of the upstream. */
const HEALTHY_ERRORS: readonly ErrorKey[] = ['MANIFEST_UNKNOWN', 'BLOB_UNKNOWN', 'NAME_UNKNOWN'];
const NOT_ASKED: readonly ErrorKey[] = ['CANCELLED', 'NAME_INVALID', 'REQUEST_INVALID', 'NOT_READY', 'INTERNAL'];

/**
 * The health of upstreams, as the management API shows it. Bounded; losing an entry is harmless.
 * Which requests wait for the end of a limit is decided elsewhere (../http/request-limits.ts).
 */
export class UpstreamStates {
  private readonly states = new LRUCache<string, State>({ max: MAX_STATES });

  constructor(private readonly clock: Clock) {}

  /** Records that a 429 stops some requests for this time. Other limits may end later. */
  limit(origin: UpstreamOrigin, forMs: number): void {
    const state = this.of(origin);
    state.blockedUntil = Math.max(state.blockedUntil, this.clock.steady() + forMs);
  }

  /**
   * Records the rate-limit headers: `100;w=21600` (Docker Hub; IETF draft ratelimit-headers) or a
   * plain number.
   */
  noteRateLimit(origin: UpstreamOrigin, headers: ResponseHeaders): void {
    const limit = leadingNumber(headers.get('ratelimit-limit') ?? headers.get('x-ratelimit-limit'));
    const remaining = leadingNumber(headers.get('ratelimit-remaining') ?? headers.get('x-ratelimit-remaining'));
    if (limit === undefined && remaining === undefined) return;
    const state = this.of(origin);
    state.rateLimit = limit;
    state.rateLimitRemaining = remaining;
  }

  succeeded(origin: UpstreamOrigin): void {
    const state = this.of(origin);
    state.reachable = true;
    state.lastCheckedAt = this.clock.now();
    state.lastError = undefined;
  }

  /** Records a failed operation. */
  failed(origin: UpstreamOrigin, error: unknown): void {
    if (!isLayoverError(error) || NOT_ASKED.includes(error.key)) return;
    if (HEALTHY_ERRORS.includes(error.key)) return this.succeeded(origin);
    // A remembered 429 was not sent by the upstream now; the original one had a status.
    if (error.key === 'TOO_MANY_REQUESTS' && error.upstreamStatus === undefined) return;
    const state = this.of(origin);
    state.reachable = !UNREACHABLE.includes(error.key);
    state.lastCheckedAt = this.clock.now();
    state.lastError = error.message;
  }

  health(origin: UpstreamOrigin): UpstreamHealth {
    const state = this.states.get(identityKey(origin)) ?? unknownState();
    const { blockedUntil, ...known } = state;
    const leftMs = blockedUntil - this.clock.steady();
    return { ...known, retryAfter: leftMs > 0 ? this.clock.now() + leftMs : undefined };
  }

  private of(origin: UpstreamOrigin): State {
    const key = identityKey(origin);
    let state = this.states.get(key);
    if (state === undefined) {
      state = unknownState();
      this.states.set(key, state);
    }
    return state;
  }
}

function unknownState(): State {
  return {
    reachable: false,
    lastCheckedAt: undefined,
    lastError: undefined,
    rateLimit: undefined,
    rateLimitRemaining: undefined,
    blockedUntil: 0,
  };
}

function leadingNumber(value: string | undefined): number | undefined {
  const match = /^\s*(\d{1,15})/.exec(value ?? '');
  return match === null ? undefined : Number(match[1]);
}
