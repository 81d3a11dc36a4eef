import { isIP } from 'node:net';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Endpoint } from '../endpoint';
import { bareHostname } from '../http/proxy-rules';

/** Token servers of registries in another domain: registry host -> realm hosts. */
const KNOWN_PAIRS: Readonly<Record<string, readonly string[]>> = {
  'registry-1.docker.io': ['auth.docker.io'],
};

/**
 * Second-level labels below which countries register names: in `example.co.uk`, the registered name
 * is `example`.
 */
const PUBLIC_SECOND_LEVEL = /^(?:ac|co|com|edu|gob|gov|govt|gv|id|ltd|mil|ne|net|nom|or|org|plc|sch)$/;

/** Domains below which anyone can get a name, so that two names do not have the same owner. */
const SHARED_DOMAINS: readonly string[] = [
  'amazonaws.com',
  'appspot.com',
  'azurecr.io',
  'azurewebsites.net',
  'cloudapp.net',
  'cloudfront.net',
  'github.io',
  'githubusercontent.com',
  'gitlab.io',
  'googleapis.com',
  'googleusercontent.com',
  'herokuapp.com',
  'netlify.app',
  'ngrok.io',
  'oraclecloud.com',
  'pages.dev',
  'r2.dev',
  'run.app',
  'vercel.app',
  'windows.net',
  'workers.dev',
];

/**
 * Returns the realm of a Bearer challenge as a URL that is allowed as a token server. Throws
 * UPSTREAM_CONTENT with the host of the realm if it is not an http(s) URL, if it uses plain HTTP
 * for an HTTPS registry, or if credentials would be sent to a host that does not belong to the
 * registry: the host of the registry itself, its domain, or a known pair
 * (docs/design/access.md#token-realms). Anonymous access is not tried instead, because the user
 * with valid credentials would then be told that repositories do not exist.
 */
export function trustedRealm(realm: string | undefined, endpoint: Endpoint, withCredentials: boolean): URL {
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
  if (withCredentials && !belongsTogether(bareHostname(endpoint.base), bareHostname(url))) {
    throw refused(
      `${endpoint.upstream} names the token server ${url.host}, which does not belong to it; the credentials were not sent`,
    );
  }
  url.hash = '';
  return url;
}

function belongsTogether(registry: string, realm: string): boolean {
  if (registry === realm || (KNOWN_PAIRS[registry]?.includes(realm) ?? false)) return true;
  if (isIP(registry) !== 0 || isIP(realm) !== 0) return false;
  const domain = domainOf(registry);
  return domain !== undefined && domain === domainOf(realm) && !SHARED_DOMAINS.includes(domain);
}

/**
 * Returns the registered domain of a host name, as far as it can be told without the public suffix
 * list; undefined for a single label.
 */
function domainOf(hostname: string): string | undefined {
  const labels = hostname.toLowerCase().split('.');
  const isCountry = labels.at(-1)!.length === 2 && PUBLIC_SECOND_LEVEL.test(labels.at(-2) ?? '');
  const count = isCountry ? 3 : 2;
  return labels.length < count ? undefined : labels.slice(-count).join('.');
}

function refused(message: string): LayoverError {
  return new LayoverError('UPSTREAM_CONTENT', { message });
}
