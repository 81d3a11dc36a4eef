import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The repositories that a user may pull. */
export type Grant = 'all' | readonly string[];

/** A user of a fake registry. */
export interface FakeUser {
  readonly password: string;
  readonly repositories: Grant;
}

/**
 * The users, their rights and the authentication scheme. Every field may be changed while the
 * server runs.
 */
export interface AuthOptions {
  kind: 'none' | 'basic' | 'bearer';
  users?: Readonly<Record<string, FakeUser>>;
  /**
   * What clients without credentials may pull (bearer: with an anonymous token). Default: nothing.
   */
  anonymous?: Grant;
  /** The token endpoint in challenges. Default: `/token` of this server. */
  realm?: string;
  /** The service in challenges; null = none. Default `fake-registry`. */
  service?: string | null;
  /** The field of the token in the answer. Default `token`. */
  tokenField?: 'token' | 'access_token' | 'both';
  /** The lifetime in seconds; null = not in the answer. Default 300. */
  expiresIn?: number | null;
  /** A challenge before the real one in the same header: `Negotiate`, `Basic realm="x, y"`. */
  challengePrefix?: string;
  /** The status for a valid token without the right. Default 401, like Docker Hub. */
  deniedStatus?: 401 | 403 | 404;
  /** The time in milliseconds at which tokens end. Default: tokens do not end. */
  now?: () => number;
  /** The real lifetime of tokens in seconds, if `now` is set. Default: `expiresIn`, or 60. */
  lifetimeSeconds?: number;
  /**
   * Returns whether a token with this scope may be used for the repository. Default: only
   * `repository:<name>:…pull…`.
   */
  acceptsScope?: (scope: string, repository: string) => boolean;
  /** Whether a `bearer` registry also accepts the users with Basic. Default false. */
  acceptsBasic?: boolean;
}

/** The result of checking the Authorization of a request. */
export type Access = { readonly kind: 'allowed' } | { readonly kind: 'challenge' } | { readonly kind: 'denied' };

interface IssuedToken {
  readonly repositories: Grant;
  readonly scopes: readonly string[];
  /** In milliseconds. */
  readonly endsAt: number;
}

/**
 * Users and tokens, and their checks. Two servers may share an instance (a registry and its
 * separate token server).
 */
export class FakeAuth {
  private readonly issued = new Map<string, IssuedToken>();

  constructor(readonly options: AuthOptions) {}

  /** Invalidates all issued tokens. */
  revokeTokens(): void {
    this.issued.clear();
  }

  /**
   * Checks whether the request may read `repository`; undefined = the base endpoint, which accepts
   * any valid identity.
   */
  check(message: IncomingMessage, repository: string | undefined): Access {
    const header = message.headers.authorization;
    const { acceptsScope = scopeNames, now } = this.options;
    switch (this.options.kind) {
      case 'none':
        return { kind: 'allowed' };
      case 'basic': {
        if (header === undefined && this.options.anonymous !== undefined) {
          return granted(this.options.anonymous, repository);
        }
        const user = this.userOf(header);
        return user === undefined ? { kind: 'challenge' } : granted(user.repositories, repository);
      }
      case 'bearer': {
        const user = this.options.acceptsBasic === true ? this.userOf(header) : undefined;
        if (user !== undefined) return granted(user.repositories, repository);
        const token = header?.startsWith('Bearer ') ? this.issued.get(header.slice(7)) : undefined;
        if (token === undefined || (now !== undefined && now() >= token.endsAt)) return { kind: 'challenge' };
        if (repository !== undefined && !token.scopes.some((scope) => acceptsScope(scope, repository))) {
          return { kind: 'challenge' };
        }
        return granted(token.repositories, repository);
      }
    }
  }

  /** Returns the WWW-Authenticate value for a repository (undefined: base endpoint). */
  challenge(repository: string | undefined, ownUrl: string): string {
    const prefix = this.options.challengePrefix === undefined ? '' : `${this.options.challengePrefix}, `;
    if (this.options.kind === 'basic') return `${prefix}Basic realm="fake registry"`;
    const parts = [`realm="${this.options.realm ?? `${ownUrl}/token`}"`];
    const service = this.options.service === undefined ? 'fake-registry' : this.options.service;
    if (service !== null) parts.push(`service="${service}"`);
    if (repository !== undefined) parts.push(`scope="repository:${repository}:pull"`);
    return `${prefix}Bearer ${parts.join(',')}`;
  }

  /** Returns the answer of the token endpoint; undefined = wrong credentials (401). */
  issue(message: IncomingMessage, url: URL): Readonly<Record<string, unknown>> | undefined {
    const header = message.headers.authorization;
    const repositories = this.grantOf(header);
    if (repositories === undefined) return undefined;
    const token = randomBytes(24).toString('base64url');
    const field = this.options.tokenField ?? 'token';
    const expiresIn = this.options.expiresIn === undefined ? 300 : this.options.expiresIn;
    // The default of the token specification of the distribution project.
    const lifetime = this.options.lifetimeSeconds ?? expiresIn ?? 60;
    const endsAt = (this.options.now?.() ?? 0) + lifetime * 1000;
    this.issued.set(token, { repositories, scopes: url.searchParams.getAll('scope'), endsAt });
    return {
      ...(field === 'access_token' ? {} : { token }),
      ...(field === 'token' ? {} : { access_token: token }),
      ...(expiresIn === null ? {} : { expires_in: expiresIn }),
    };
  }

  /**
   * Returns whether the Basic credentials of a request, or anonymous clients if it has none, may
   * read a repository; undefined = wrong credentials.
   */
  mayRead(message: IncomingMessage, repository: string): boolean | undefined {
    const grant = this.grantOf(message.headers.authorization);
    return grant === undefined ? undefined : granted(grant, repository).kind === 'allowed';
  }

  private grantOf(header: string | undefined): Grant | undefined {
    return header === undefined ? (this.options.anonymous ?? []) : this.userOf(header)?.repositories;
  }

  private userOf(header: string | undefined): FakeUser | undefined {
    if (header === undefined || !/^basic /i.test(header)) return undefined;
    const decoded = Buffer.from(header.slice(6), 'base64').toString();
    const colon = decoded.indexOf(':');
    const user = this.options.users?.[decoded.slice(0, colon)];
    return user !== undefined && user.password === decoded.slice(colon + 1) ? user : undefined;
  }
}

function granted(grant: Grant, repository: string | undefined): Access {
  const allowed = repository === undefined || grant === 'all' || grant.includes(repository);
  return { kind: allowed ? 'allowed' : 'denied' };
}

/** Returns whether a scope such as `repository:<name>:pull,push` names the repository. */
function scopeNames(scope: string, repository: string): boolean {
  return scope.startsWith(`repository:${repository}:`) && scope.slice(12 + repository.length).includes('pull');
}
