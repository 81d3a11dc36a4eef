import { LayoverError } from '../../../../common/errors/layover-error';
import { isDockerHub, registryUrl } from '../../../../common/oci/registry-host';
import type { Endpoint } from '../endpoint';

/** The token server of Docker Hub. */
const DOCKER_HUB_REALM = 'https://auth.docker.io';

/**
 * Returns the realm of a Bearer challenge as a URL that may be used as a token server. Throws
 * UPSTREAM_CONTENT with the host of the realm if it is not an http(s) URL, if it uses plain HTTP
 * for an HTTPS registry, or if it would get credentials but is not trusted with them
 * (docs/design/access.md#token-realms). Trusted are the origin of the registry, the token server of
 * Docker Hub for Docker Hub, and the hosts in `trusted` (host[:port]). Anonymous access is not
 * tried instead, because the user with valid credentials would then be told that repositories do
 * not exist.
 */
export function trustedRealm(
  realm: string | undefined,
  endpoint: Endpoint,
  withCredentials: boolean,
  trusted: readonly string[] = [],
): URL {
  if (realm === undefined || !URL.canParse(realm)) {
    throw refused(`${endpoint.upstream} requires a token but does not name a token server`);
  }
  const url = new URL(realm);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refused(`${endpoint.upstream} names a token server that does not use HTTP or HTTPS`);
  }
  if (url.username !== '' || url.password !== '') {
    throw refused(`${endpoint.upstream} names a token server whose URL contains credentials (${url.host})`);
  }
  if (url.protocol === 'http:' && endpoint.base.protocol === 'https:') {
    throw refused(`${endpoint.upstream} names a token server without TLS (${url.host})`);
  }
  if (withCredentials && !isTrusted(url, endpoint, trusted)) {
    throw refused(
      `${endpoint.upstream} names the token server ${url.host}, which is not trusted with its credentials; ` +
        `they were not sent. If this is its token server, an administrator can add "${url.host}" to trustedRealms`,
      { untrustedRealm: url.host },
    );
  }
  url.hash = '';
  return url;
}

function isTrusted(url: URL, endpoint: Endpoint, trusted: readonly string[]): boolean {
  if (url.origin === endpoint.base.origin) return true;
  if (url.origin === DOCKER_HUB_REALM && isDockerHub(endpoint.base.host)) return true;
  // `url` has plain HTTP only if the registry has too (see above).
  return trusted.some((host) => registryUrl(host, url.protocol === 'http:')?.origin === url.origin);
}

function refused(message: string, detail?: Readonly<Record<string, unknown>>): LayoverError {
  return new LayoverError('UPSTREAM_CONTENT', { message, detail });
}
