import { LRUCache } from 'lru-cache';
import { isLayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import { type Endpoint } from '../endpoint';
import type { HttpClient } from '../http/http-client';
import { identityKey } from '../identity-key';
import type { UpstreamRepository } from '../upstream-registry';
import { type Challenge, parseChallenges } from './challenge';
import { trustedRealm } from './realm-policy';
import { TokenCache } from './token-cache';
import { basicHeader, requestToken } from './token-exchange';

/** The value of the Authorization header of a request. `token` is set for Bearer. */
export interface Authorization {
  readonly header: string;
  readonly token: string | undefined;
}

/** Maximum number of identities whose authentication scheme is remembered. */
const MAX_SCHEMES = 10_000;

type Scheme =
  | { readonly kind: 'basic' }
  | { readonly kind: 'bearer'; readonly realm: string | undefined; readonly service: string | undefined };

/**
 * Answers the challenges of upstreams, separately for each identity (organization, host, credential
 * version). Remembers the scheme of each upstream, so that later requests are authorized without a
 * challenge.
 */
export class Authorizer {
  private readonly schemes = new LRUCache<string, Scheme>({ max: MAX_SCHEMES });
  private readonly tokens: TokenCache;

  /** `deadline` aborts token requests, which several callers share. */
  constructor(
    private readonly http: HttpClient,
    private readonly clock: Clock,
    private readonly deadline: () => { readonly signal: AbortSignal; readonly release: () => void },
  ) {
    this.tokens = new TokenCache(clock);
  }

  /**
   * Returns the authorization to send before a challenge; undefined if the scheme is not known yet.
   * Throws the errors of the token server.
   */
  async known(
    repository: UpstreamRepository,
    endpoint: Endpoint,
    signal: AbortSignal,
  ): Promise<Authorization | undefined> {
    const identity = identityKey(repository.origin);
    const scheme = this.schemes.get(identity);
    if (scheme === undefined) return undefined;
    try {
      return await this.answer(scheme, repository, endpoint, signal);
    } catch (error) {
      // The remembered scheme may be outdated; the upstream is then challenged again.
      if (!isLayoverError(error)) throw error;
      if (error.key === 'UPSTREAM_DENIED' || error.key === 'UPSTREAM_CONTENT') this.schemes.delete(identity);
      if (error.key === 'UPSTREAM_CONTENT') return undefined;
      throw error;
    }
  }

  /**
   * Returns the authorization to send after a 401 to a request with `refused`; undefined = no
   * further authorization can be tried. Throws UPSTREAM_CONTENT for a realm that is not trusted,
   * and the errors of the token server.
   */
  async challenged(
    repository: UpstreamRepository,
    endpoint: Endpoint,
    headers: readonly string[],
    refused: Authorization | undefined,
    signal: AbortSignal,
  ): Promise<Authorization | undefined> {
    const { origin } = repository;
    if (refused?.token !== undefined) this.tokens.drop(tokenKey(repository), refused.token);
    const challenges = parseChallenges(headers);
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    const scheme = bearer === undefined ? basicScheme(challenges) : bearerScheme(bearer);
    if (scheme === undefined) return undefined;
    const basicRefused = refused !== undefined && refused.token === undefined;
    if (scheme.kind === 'basic' && (origin.credentials === undefined || basicRefused)) return undefined;
    this.schemes.set(identityKey(origin), scheme);
    return this.answer(scheme, repository, endpoint, signal);
  }

  private async answer(
    scheme: Scheme,
    repository: UpstreamRepository,
    endpoint: Endpoint,
    signal: AbortSignal,
  ): Promise<Authorization | undefined> {
    const { origin } = repository;
    if (scheme.kind === 'basic') {
      if (origin.credentials === undefined) return undefined;
      return { header: basicHeader(origin.credentials), token: undefined };
    }
    // Checked at each use, because the trusted realms may have changed since the challenge.
    const realm = trustedRealm(scheme.realm, endpoint, origin.credentials !== undefined, origin.trustedRealms);
    const issue = async (): ReturnType<typeof requestToken> => {
      const deadline = this.deadline();
      try {
        const { service } = scheme;
        const request = { origin, endpoint, realm, service, scope: scopeOf(repository), signal: deadline.signal };
        return await requestToken(this.http, request, this.clock.now());
      } finally {
        deadline.release();
      }
    };
    const token = await this.tokens.get(tokenKey(repository), issue, signal);
    return { header: `Bearer ${token}`, token };
  }
}

function bearerScheme(challenge: Challenge): Scheme {
  return {
    kind: 'bearer',
    realm: challenge.parameters['realm'],
    service: challenge.parameters['service'] || undefined,
  };
}

function basicScheme(challenges: readonly Challenge[]): Scheme | undefined {
  return challenges.some((challenge) => challenge.scheme === 'basic') ? { kind: 'basic' } : undefined;
}

/**
 * Returns the scope of a token. The scope of the challenge is never used, so that an upstream
 * cannot widen it.
 */
function scopeOf(repository: UpstreamRepository): string {
  return `repository:${repository.name}:pull`;
}

function tokenKey(repository: UpstreamRepository): string {
  return `${identityKey(repository.origin)} ${scopeOf(repository)}`;
}
