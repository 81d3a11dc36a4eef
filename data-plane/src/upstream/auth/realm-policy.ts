import { isIP } from 'node:net';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Endpoint } from '../endpoint';
import { bareHostname } from '../http/proxy-rules';

/** Token servers that belong to a registry under another domain. Registry host -> realm hosts. */
const KNOWN_PAIRS: Readonly<Record<string, readonly string[]>> = {
  'registry-1.docker.io': ['auth.docker.io'],
};

/** Second-level labels under which countries give out names: `example.co.uk` is the owner, not `co.uk`. */
const PUBLIC_SECOND_LEVEL = /^(?:ac|co|com|edu|gob|gov|govt|gv|id|ltd|mil|ne|net|nom|or|org|plc|sch)$/;

/** Domains under which anybody gets a name: neighbours there are strangers. */
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
 * The realm of a Bearer challenge as a URL that a token may be asked of. Throws UPSTREAM_CONTENT,
 * naming the realm's host: no http(s) URL, plain HTTP for an HTTPS registry, or, where credentials
 * would be sent, a host that is neither the registry's own, nor of its domain, nor known to belong
 * to it (docs/design/access.md#token-realms). Anonymous access is not tried in its place: the user
 * who gave credentials would be told that things do not exist.
 */
export function trustedRealm(realm: string | undefined, endpoint: Endpoint, withCredentials: boolean): URL {
  if (realm === undefined || !URL.canParse(realm)) {
    throw refused(`${endpoint.upstream} asks for a token and does not say where to get one`);
  }
  const url = new URL(realm);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refused(`${endpoint.upstream} names a token server that is not reached by HTTP`);
  }
  if (url.username !== '' || url.password !== '') {
    throw refused(`${endpoint.upstream} names a token server with credentials of its own in the URL (${url.host})`);
  }
  if (url.protocol === 'http:' && endpoint.base.protocol === 'https:') {
    throw refused(`${endpoint.upstream} names a token server without encryption (${url.host})`);
  }
  if (withCredentials && !belongsTogether(bareHostname(endpoint.base), bareHostname(url))) {
    throw refused(
      `${endpoint.upstream} asks to send its credentials to ${url.host}, which does not belong to it; they were not sent`,
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

/** The name that somebody registered, as well as one can tell without the list of public suffixes; undefined for single labels. */
function domainOf(hostname: string): string | undefined {
  const labels = hostname.toLowerCase().split('.');
  const isCountry = labels.at(-1)!.length === 2 && PUBLIC_SECOND_LEVEL.test(labels.at(-2) ?? '');
  const count = isCountry ? 3 : 2;
  return labels.length < count ? undefined : labels.slice(-count).join('.');
}

function refused(message: string): LayoverError {
  return new LayoverError('UPSTREAM_CONTENT', { message });
}
