import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Repositories that somebody may pull. */
export type Grant = 'all' | readonly string[];

/** A user of a fake registry. */
export interface FakeUser {
  readonly password: string;
  readonly repositories: Grant;
}

/** Who may pull what, and how they prove who they are. Every field may be changed while the server runs. */
export interface AuthOptions {
  kind: 'none' | 'basic' | 'bearer';
  users?: Readonly<Record<string, FakeUser>>;
  /** What those without credentials may pull (bearer: by an anonymous token). Default: nothing. */
  anonymous?: Grant;
  /** Token endpoint named in challenges. Default: `/token` of this server. */
  realm?: string;
  /** null = the challenge names no service. Default `fake-registry`. */
  service?: string | null;
  /** Default `token`. */
  tokenField?: 'token' | 'access_token' | 'both';
  /** Seconds; null = the answer has none. Default 300. */
  expiresIn?: number | null;
  /** A challenge that stands before the real one in the same header: `Negotiate`, `Basic realm="x, y"`. */
  challengePrefix?: string;
  /** How a good token without the right is refused. Default 401, as Docker Hub does. */
  deniedStatus?: 401 | 403 | 404;
}

/** Outcome of looking at a request's Authorization. */
export type Access = { readonly kind: 'allowed' } | { readonly kind: 'challenge' } | { readonly kind: 'denied' };

interface IssuedToken {
  readonly repositories: Grant;
  readonly scopes: readonly string[];
}

/** Users, tokens and their checks. Two servers may share one (a registry and its separate token server). */
export class FakeAuth {
  private readonly issued = new Map<string, IssuedToken>();

  constructor(readonly options: AuthOptions) {}

  /** All tokens given out so far are worth nothing from now on. */
  revokeTokens(): void {
    this.issued.clear();
  }

  /** Whether the request may read `repository`; undefined = the base endpoint, for which any valid identity does. */
  check(message: IncomingMessage, repository: string | undefined): Access {
    const header = message.headers.authorization;
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
        const token = header?.startsWith('Bearer ') ? this.issued.get(header.slice(7)) : undefined;
        if (token === undefined) return { kind: 'challenge' };
        if (repository !== undefined && !token.scopes.some((scope) => scopeNames(scope, repository))) {
          return { kind: 'challenge' };
        }
        return granted(token.repositories, repository);
      }
    }
  }

  /** WWW-Authenticate for a repository (undefined: base endpoint). */
  challenge(repository: string | undefined, ownUrl: string): string {
    const prefix = this.options.challengePrefix === undefined ? '' : `${this.options.challengePrefix}, `;
    if (this.options.kind === 'basic') return `${prefix}Basic realm="fake registry"`;
    const parts = [`realm="${this.options.realm ?? `${ownUrl}/token`}"`];
    const service = this.options.service === undefined ? 'fake-registry' : this.options.service;
    if (service !== null) parts.push(`service="${service}"`);
    if (repository !== undefined) parts.push(`scope="repository:${repository}:pull"`);
    return `${prefix}Bearer ${parts.join(',')}`;
  }

  /** The token endpoint's answer; undefined = wrong credentials (401). */
  issue(message: IncomingMessage, url: URL): Readonly<Record<string, unknown>> | undefined {
    const header = message.headers.authorization;
    let repositories: Grant = this.options.anonymous ?? [];
    if (header !== undefined) {
      const user = this.userOf(header);
      if (user === undefined) return undefined;
      repositories = user.repositories;
    }
    const token = randomBytes(24).toString('base64url');
    this.issued.set(token, { repositories, scopes: url.searchParams.getAll('scope') });
    const field = this.options.tokenField ?? 'token';
    const expiresIn = this.options.expiresIn === undefined ? 300 : this.options.expiresIn;
    return {
      ...(field === 'access_token' ? {} : { token }),
      ...(field === 'token' ? {} : { access_token: token }),
      ...(expiresIn === null ? {} : { expires_in: expiresIn }),
    };
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

/** `repository:<name>:pull,push` names `<name>`. */
function scopeNames(scope: string, repository: string): boolean {
  return scope.startsWith(`repository:${repository}:`) && scope.slice(12 + repository.length).includes('pull');
}
