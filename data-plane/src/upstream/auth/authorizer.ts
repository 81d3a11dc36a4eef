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

/** What a request is sent with. `token` is set for Bearer. */
export interface Authorization {
  readonly header: string;
  readonly token: string | undefined;
}

/** Identities of which it is known how they log in. */
const MAX_SCHEMES = 10_000;

type Scheme =
  { readonly kind: 'basic' } | { readonly kind: 'bearer'; readonly realm: URL; readonly service: string | undefined };

/**
 * Answers upstreams' challenges, each identity (organization, host, credential version) for itself, and remembers what
 * an upstream asked for, so that the next request brings it along without being asked.
 */
export class Authorizer {
  private readonly schemes = new LRUCache<string, Scheme>({ max: MAX_SCHEMES });
  private readonly tokens: TokenCache;

  /** `deadline` bounds a token request, which no single caller owns. */
  constructor(
    private readonly http: HttpClient,
    private readonly clock: Clock,
    private readonly deadline: () => { readonly signal: AbortSignal; readonly release: () => void },
  ) {
    this.tokens = new TokenCache(clock);
  }

  /** What to send before being asked; undefined where nothing is known yet. Throws what the token server answers. */
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
      // What is remembered may be out of date; then the upstream is asked again how it wants it.
      if (!isLayoverError(error)) throw error;
      if (error.key === 'UPSTREAM_DENIED' || error.key === 'UPSTREAM_CONTENT') this.schemes.delete(identity);
      if (error.key === 'UPSTREAM_CONTENT') return undefined;
      throw error;
    }
  }

  /**
   * What to send after a 401, `refused` having been sent; undefined = there is nothing (else) that we could send.
   * Throws UPSTREAM_CONTENT for a realm that is not trusted, and what the token server answers.
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
    const scheme = bearer === undefined ? basicScheme(challenges) : bearerScheme(bearer, repository, endpoint);
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
    const issue = async (): ReturnType<typeof requestToken> => {
      const deadline = this.deadline();
      try {
        const { realm, service } = scheme;
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

function bearerScheme(challenge: Challenge, repository: UpstreamRepository, endpoint: Endpoint): Scheme {
  const realm = trustedRealm(challenge.parameters['realm'], endpoint, repository.origin.credentials !== undefined);
  return { kind: 'bearer', realm, service: challenge.parameters['service'] || undefined };
}

function basicScheme(challenges: readonly Challenge[]): Scheme | undefined {
  return challenges.some((challenge) => challenge.scheme === 'basic') ? { kind: 'basic' } : undefined;
}

/** Never the scope of the challenge: an upstream does not get to widen what a token is for. */
function scopeOf(repository: UpstreamRepository): string {
  return `repository:${repository.name}:pull`;
}

function tokenKey(repository: UpstreamRepository): string {
  return `${identityKey(repository.origin)} ${scopeOf(repository)}`;
}
