import { isLayoverError, type LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import type { HttpClient } from '../http/http-client';
import type { RequestLimits } from '../http/request-limits';
import { type AuthorizationTarget, serverKey } from './authorization-target';
import { BadRequests } from './bad-requests';
import { type Challenge, parseChallenges } from './challenge';
import { SchemeFinder } from './find-scheme';
import { trustedRealm } from './realm-policy';
import { basicScheme, bearerScheme, type Scheme } from './scheme';
import { ScopeMemory } from './scope-memory';
import { TokenCache } from './token-cache';
import { basicHeader, limitedTokenRequest } from './token-exchange';

/** The value of the Authorization header of a request. `token` is set for Bearer. */
export interface Authorization {
  readonly header: string;
  readonly token: string | undefined;
  /** The repository that it is for. */
  readonly name: string;
  /** What was asked for: scheme, realm, service and scopes. */
  readonly plan: string;
  /** Whether it was known before the challenge, so that its token may be over. */
  readonly remembered: boolean;
}

/** Maximum number of servers and repositories whose scheme and scopes are remembered. */
const MAX_REMEMBERED = 10_000;

/**
 * Answers the challenges of servers, separately for each identity (organization, host, credential
 * version) and for each origin that asks (docs/design/access.md#challenges). Remembers the scheme
 * and the scopes, so that later requests are authorized without a challenge.
 */
export class Authorizer {
  /** The servers whose 400 says nothing about a token. */
  readonly badRequests: BadRequests;
  private readonly schemes: SchemeFinder;
  private readonly scopes = new ScopeMemory(MAX_REMEMBERED);
  private readonly tokens: TokenCache;

  /** `deadline` aborts requests that several callers share. */
  constructor(
    private readonly http: HttpClient,
    private readonly clock: Clock,
    private readonly limits: RequestLimits,
    private readonly deadline: () => { readonly signal: AbortSignal; readonly release: () => void },
  ) {
    this.badRequests = new BadRequests(clock);
    this.tokens = new TokenCache(clock);
    this.schemes = new SchemeFinder(http, clock, limits, deadline, MAX_REMEMBERED);
  }

  /**
   * Returns the authorization to send before a challenge; undefined if the scheme is not known yet.
   * Throws the errors of the token server.
   */
  async known(target: AuthorizationTarget, signal: AbortSignal): Promise<Authorization | undefined> {
    const scheme = this.schemes.known(target);
    if (scheme === undefined) return undefined;
    // A token for the requested repository is tried first where the upstream redirects to another
    // one: most registries accept it.
    const named = target.configured && !this.scopes.has(target) ? { ...target, name: target.asked } : target;
    try {
      const authorization = await this.answer(scheme, named, signal);
      return authorization === undefined ? undefined : { ...authorization, remembered: true };
    } catch (error) {
      // The remembered scheme may be outdated, or only some requests may need it; the upstream is
      // then challenged again. Credentials that were refused are not sent twice for one request.
      if (!isRefusal(error)) throw error;
      this.schemes.forget(target);
      if (error.key === 'UPSTREAM_CONTENT' || target.origin.credentials === undefined) return undefined;
      throw error;
    }
  }

  /**
   * Returns the authorization to send after a 401; undefined = no further one can be tried. `tried`
   * are the authorizations that this request was sent with, the refused one last. Throws
   * UPSTREAM_CONTENT for a realm that is not trusted, and the errors of the token server.
   */
  async challenged(
    target: AuthorizationTarget,
    headers: readonly string[],
    tried: readonly Authorization[],
    signal: AbortSignal,
  ): Promise<Authorization | undefined> {
    const refused = tried.at(-1);
    // A token for another repository is not over if it does not open this one.
    if (refused?.token !== undefined && refused.name === target.name) {
      this.tokens.drop(this.tokenKey(target, refused.plan), refused.token);
    }
    const challenges = parseChallenges(headers);
    this.scopes.add(target, challenges);
    const candidates = this.candidates(target, challenges, refused);
    let failure: unknown;
    for (const [index, { scheme, remembered }] of candidates.entries()) {
      if (tried.some((one) => one.plan === this.planOf(scheme, target) && !isOver(one))) continue;
      if (!remembered) this.schemes.remember(target, scheme);
      try {
        const authorization = await this.answer(scheme, target, signal);
        if (authorization === undefined) continue;
        this.schemes.remember(target, scheme);
        return authorization;
      } catch (error) {
        failure ??= error;
        const next = candidates[index + 1];
        const mayContinue = next?.remembered === true ? isLayoverError(error) : remembered && isRefusal(error);
        if (next === undefined || !mayContinue) throw failure;
      }
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  /**
   * Learns from `/v2/` how the configured server authorizes, after it answered a request without
   * authorization as if there were nothing. Returns the scheme; unless it is `open` or `unstated`,
   * the request can be repeated with credentials. Throws TOO_MANY_REQUESTS, UPSTREAM_FAILED, the
   * errors of the transport, and those of {@link challenged}: what such a server answered proves
   * nothing.
   */
  async learn(target: AuthorizationTarget, signal: AbortSignal): Promise<Scheme['kind']> {
    const scheme = await this.schemes.find(target, signal);
    await this.answer(scheme, target, signal);
    return scheme.kind;
  }

  /**
   * Returns the schemes to try, the best first. A 401 to a token means that the token is over, even
   * if the challenge is missing or useless: the remembered scheme gives a new one.
   */
  private candidates(
    target: AuthorizationTarget,
    challenges: readonly Challenge[],
    refused: Authorization | undefined,
  ): readonly { readonly scheme: Scheme; readonly remembered: boolean }[] {
    const held = refused?.token !== undefined;
    const bearer = bearerScheme(challenges);
    // Storage behind a registry sends challenges of its own kind, without a token server.
    const asked = hasRealm(bearer) || (target.configured && !held) ? bearer : undefined;
    const basic = target.origin.credentials === undefined ? undefined : basicScheme(challenges);
    const known = held ? this.schemes.known(target) : undefined;
    const same =
      asked !== undefined && known !== undefined && this.planOf(asked, target) === this.planOf(known, target);
    return [
      { scheme: asked, remembered: false },
      { scheme: same ? undefined : known, remembered: true },
      { scheme: basic, remembered: false },
    ].flatMap(({ scheme, remembered }) => (scheme === undefined ? [] : [{ scheme, remembered }]));
  }

  private planOf(scheme: Scheme, target: AuthorizationTarget): string {
    if (scheme.kind !== 'bearer') return scheme.kind;
    return JSON.stringify([scheme.realm, scheme.service, ...this.scopes.of(target)]);
  }

  private tokenKey(target: AuthorizationTarget, plan: string): string {
    return `${serverKey(target)} ${plan}`;
  }

  private async answer(
    scheme: Scheme,
    target: AuthorizationTarget,
    signal: AbortSignal,
  ): Promise<Authorization | undefined> {
    const { origin, server, name } = target;
    const { credentials } = origin;
    const plan = this.planOf(scheme, target);
    if (scheme.kind !== 'bearer') {
      if (scheme.kind !== 'basic' || credentials === undefined) return undefined;
      return { header: basicHeader(credentials), token: undefined, name, plan, remembered: false };
    }
    // Checked at each use, because the trusted realms may have changed since the challenge.
    const realm = trustedRealm(scheme.realm, server, credentials !== undefined, origin.trustedRealms);
    const scopes = this.scopes.of(target);
    const issue = async (): ReturnType<typeof limitedTokenRequest> => {
      const { signal: bounded, release } = this.deadline();
      try {
        const request = { origin, endpoint: server, realm, service: scheme.service, scopes, signal: bounded };
        return await limitedTokenRequest(this.http, this.limits, this.clock, request);
      } finally {
        release();
      }
    };
    const token = await this.tokens.get(this.tokenKey(target, plan), issue, signal);
    return { header: `Bearer ${token}`, token, name, plan, remembered: false };
  }
}

/** Returns whether a new token may be accepted where this authorization was not. */
function isOver({ remembered, token }: Authorization): boolean {
  return remembered && token !== undefined;
}

function hasRealm(scheme: Scheme | undefined): boolean {
  return scheme?.kind === 'bearer' && scheme.realm !== undefined && URL.canParse(scheme.realm);
}

/** Returns whether the token server, or what a challenge says about it, is of no use. */
function isRefusal(thrown: unknown): thrown is LayoverError {
  return isLayoverError(thrown) && (thrown.key === 'UPSTREAM_DENIED' || thrown.key === 'UPSTREAM_CONTENT');
}
