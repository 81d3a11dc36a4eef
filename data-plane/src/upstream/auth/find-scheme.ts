import { SingleFlight } from '../../../../common/async/single-flight';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import { TtlCache } from '../../../../common/runtime/ttl-cache';
import { followRedirects } from '../http/follow-redirects';
import type { HttpClient } from '../http/http-client';
import type { RequestLimits } from '../http/request-limits';
import { statedRetryAfterMs } from '../http/retry-after';
import { type AuthorizationTarget, serverKey } from './authorization-target';
import { parseChallenges } from './challenge';
import { basicScheme, bearerScheme, type Scheme } from './scheme';

/** How long a server that asks for nothing at `/v2/` is not asked again. */
const OPEN_MS = 5 * 60_000;

/**
 * Remembers how servers authorize, and finds it out at `/v2/` (OCI distribution specification,
 * "Determining Support") where a server answers requests without credentials as if its
 * repositories did not exist (docs/design/access.md#challenges).
 */
export class SchemeFinder {
  private readonly schemes: TtlCache<Scheme>;
  private readonly flights = new SingleFlight<Scheme>();

  /** `deadline` aborts requests that several callers share. */
  constructor(
    private readonly http: HttpClient,
    private readonly clock: Clock,
    private readonly limits: RequestLimits,
    private readonly deadline: () => { readonly signal: AbortSignal; readonly release: () => void },
    max: number,
  ) {
    this.schemes = new TtlCache(clock, max);
  }

  /** Returns the remembered scheme of a server. */
  known(target: AuthorizationTarget): Scheme | undefined {
    return this.schemes.get(serverKey(target));
  }

  remember(target: AuthorizationTarget, scheme: Scheme): void {
    this.schemes.set(serverKey(target), scheme, scheme.kind === 'open' ? OPEN_MS : Infinity);
  }

  forget(target: AuthorizationTarget): void {
    this.schemes.delete(serverKey(target));
  }

  /**
   * Returns the remembered scheme, or the one that `/v2/` of the server asks for. Throws
   * TOO_MANY_REQUESTS, UPSTREAM_FAILED, and the errors of the transport.
   */
  async find(target: AuthorizationTarget, signal: AbortSignal): Promise<Scheme> {
    const known = this.known(target);
    if (known !== undefined) return known;
    const key = serverKey(target);
    const ask = async (): Promise<Scheme> => {
      const { signal: bounded, release } = this.deadline();
      try {
        const scheme = await this.ask(target, `${key} GET /v2/`, bounded);
        if (scheme.kind !== 'unstated') this.remember(target, scheme);
        return scheme;
      } finally {
        release();
      }
    };
    return this.flights.run(key, ask, signal);
  }

  private async ask({ origin, server }: AuthorizationTarget, limit: string, signal: AbortSignal): Promise<Scheme> {
    const { upstream } = server;
    this.limits.assertOpen(limit, upstream);
    const headers = { accept: 'application/json' };
    const { caCertificate } = origin;
    const { status, ...answer } = await followRedirects({
      url: new URL('/v2/', server.base),
      endpoint: server,
      signal,
      send: (url, place) => this.http({ method: 'GET', url, headers, caCertificate, place }),
    });
    await answer.body.discard();
    if (status === 429) {
      const waitMs = this.limits.exceeded(limit, statedRetryAfterMs(answer.headers, this.clock.now()));
      throw new LayoverError('TOO_MANY_REQUESTS', {
        message: `${upstream} limits the requests of Layover (429)`,
        retryAfterSeconds: Math.ceil(waitMs / 1000),
        upstreamStatus: status,
      });
    }
    this.limits.passed(limit);
    // A challenge of another server is not for the credentials of this one.
    if (status === 200 || answer.url.origin !== server.base.origin) return { kind: 'open' };
    const challenges = status === 401 ? parseChallenges(answer.headers.all('www-authenticate')) : [];
    const scheme = bearerScheme(challenges) ?? basicScheme(challenges);
    if (scheme !== undefined || status < 500) return scheme ?? { kind: 'unstated' };
    throw new LayoverError('UPSTREAM_FAILED', {
      message: `${upstream} failed (${status}) when Layover asked it at /v2/ how to log in`,
      upstreamStatus: status,
    });
  }
}
