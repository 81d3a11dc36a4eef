import {
  type ActiveQuirk,
  answer,
  FakeAuth,
  type FakeRegistry,
  type LoggedRequest,
  RegistryContent,
  RequestLog,
  type Route,
  startFakeRegistry,
} from '../fake-registry';
import { type RegistryProfile, tokenLifetime } from './profile';
import { serveRegistry } from './serve-registry';
import { serveStorage, SignedUrls } from './serve-storage';
import { serveTokens } from './serve-tokens';

/** The host that received a request. */
export type ExhibitHost = 'registry' | 'tokens' | 'storage' | 'facade';

/** A registry of the museum on real sockets: the registry, its token server and its storage. */
export interface Exhibit {
  readonly profile: RegistryProfile;
  /** `127.0.0.1:port`: the upstream of an organization. */
  readonly host: string;
  /** Token servers to which an organization must allow its credentials to be sent. */
  readonly trustedRealms: readonly string[];
  readonly content: RegistryContent;
  /**
   * Returns the requests since the last call in order of arrival, as `<host> <method> <path>
   * <status>`.
   */
  takeLines(): readonly string[];
  /** Invalidates all tokens that were issued. */
  revokeTokens(): void;
  /** Lets clients of the repositories read them without an account. */
  publish(...repositories: readonly string[]): void;
  /** Refuses requests for manifests with the answer of the profile, until the quirk is removed. */
  limitManifests(): ActiveQuirk;
  /** Refuses requests for tokens for a repository, until the quirk is removed. */
  limitTokens(repository: string): ActiveQuirk;
  /** Stops all servers. Can be called twice. */
  close(): Promise<void>;
}

/** Starts a registry of the museum. `now` is the time in milliseconds at which tokens end. */
export async function startExhibit(profile: RegistryProfile, now: () => number): Promise<Exhibit> {
  const log = new RequestLog();
  const servers: { readonly name: ExhibitHost; readonly server: FakeRegistry }[] = [];
  const close = async (): Promise<void> => {
    for (const { server } of servers.splice(0)) await server.close();
  };
  try {
    const origin = profile.redirectsTo ?? profile;
    const content = new RegistryContent();
    const published: string[] = [];
    const auth = authOf(origin, published, now);
    const urls = new SignedUrls();
    const storage = await startFakeRegistry({ content, log, route: serveStorage(origin, urls) });
    servers.push({ name: 'storage', server: storage });
    const tokens = await startFakeRegistry({ auth, log, route: serveTokens(origin, auth) });
    servers.push({ name: 'tokens', server: tokens });
    const route = serveRegistry({ profile: origin, auth, urls, storage: storage.url, tokens: tokens.url });
    const registry = await startFakeRegistry({ content, auth, log, route });
    servers.push({ name: 'registry', server: registry });
    let { host } = registry;
    if (profile.redirectsTo !== undefined) {
      const facade = await startFakeRegistry({ log, route: redirectAll(registry.url) });
      servers.push({ name: 'facade', server: facade });
      ({ host } = facade);
    }
    const nameOf = ({ headers }: LoggedRequest): ExhibitHost | undefined =>
      servers.find(({ server }) => server.host === headers['host'])?.name;
    return {
      profile,
      host,
      trustedRealms: origin.authentication.tokens?.otherHost === true ? [tokens.host] : [],
      content,
      takeLines: () => log.take().map((entry) => `${nameOf(entry)} ${entry.line} ${entry.status}`),
      revokeTokens: () => auth.revokeTokens(),
      publish: (...repositories) => void published.push(...repositories),
      limitManifests: () =>
        registry.quirk({
          path: '/manifests/',
          respond: profile.limit.answer,
          ...(profile.limit.freeHead === true ? { method: 'GET' } : {}),
        }),
      limitTokens: (repository) =>
        (origin.authentication.tokens?.otherHost === true ? tokens : registry).quirk({
          path: origin.authentication.tokens?.path,
          when: ({ query }) => query['scope']?.includes(`:${repository}:`) === true,
          respond: profile.limit.answer,
        }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Redirects every request to the same path and query of another registry. */
function redirectAll(to: string): Route {
  return (exchange) => answer(exchange, 307, { location: `${to}${exchange.message.url}` }, Buffer.alloc(0));
}

function authOf(profile: RegistryProfile, published: readonly string[], now: () => number): FakeAuth {
  const { acceptsBasic, account, anonymous, kind, tokens } = profile.authentication;
  return new FakeAuth({
    kind,
    now,
    users: account === undefined ? {} : { [account.username]: { password: account.password, repositories: 'all' } },
    ...(anonymous === false ? {} : { anonymous: anonymous === 'all' ? 'all' : published }),
    acceptsBasic,
    tokenField: tokens?.field,
    expiresIn: tokens?.expiresIn,
    lifetimeSeconds: tokenLifetime(profile),
    ...(tokens?.anyScope === true ? { acceptsScope: () => true } : {}),
  });
}
