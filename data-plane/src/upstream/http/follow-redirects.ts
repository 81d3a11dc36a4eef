import { LayoverError } from '../../../../common/errors/layover-error';
import { type Endpoint, placeName } from '../endpoint';
import type { HttpAnswer, HttpClient } from './http-client';

/** A request to a registry that may be redirected. */
export interface RedirectableRequest {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent only to the origin of the registry itself. */
  readonly authorization: string | undefined;
  readonly endpoint: Endpoint;
  readonly caCertificate: string | undefined;
  /** See HttpRequest. */
  readonly headersMs?: number;
  readonly signal: AbortSignal;
}

const MAX_HOPS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Follows redirects (docs/design/access.md#redirects). Location may be relative. Authorization goes
 * only to the origin of the registry. HTTPS is never downgraded to HTTP. There are at most five
 * hops, and nothing is cached, not even permanent redirects, because signed URLs expire. Addresses
 * are checked when connecting. Throws UPSTREAM_CONTENT for a redirect that is not followed.
 */
export async function followRedirects(http: HttpClient, request: RedirectableRequest): Promise<HttpAnswer> {
  const { endpoint, signal, caCertificate, method } = request;
  const timeLimit = request.headersMs === undefined ? {} : { headersMs: request.headersMs };
  let { url } = request;
  for (let hop = 0; ; hop++) {
    const place = { name: placeName(endpoint, url), signal };
    const headers = { ...request.headers };
    if (request.authorization !== undefined && url.origin === endpoint.base.origin) {
      headers['authorization'] = request.authorization;
    }
    const answer = await http({ method, url, headers, caCertificate, ...timeLimit, place });
    if (!REDIRECTS.includes(answer.status)) return answer;
    await answer.body.discard();
    if (hop === MAX_HOPS) throw refused(`${place.name} redirects more than ${MAX_HOPS} times`, answer);
    url = nextUrl(answer, url, place.name);
  }
}

function nextUrl(answer: HttpAnswer, from: URL, name: string): URL {
  const location = answer.headers.get('location');
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw refused(`${name} redirects without a valid Location`, answer);
  }
  const to = new URL(location, from);
  if (to.protocol !== 'https:' && to.protocol !== 'http:') {
    throw refused(`${name} redirects to a URL that is not http or https`, answer);
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw refused(`${name} redirects to ${to.host} without TLS`, answer);
  }
  if (to.username !== '' || to.password !== '') {
    throw refused(`${name} redirects to ${to.host} with credentials in the URL`, answer);
  }
  to.hash = '';
  return to;
}

function refused(message: string, answer: HttpAnswer): LayoverError {
  return new LayoverError('UPSTREAM_CONTENT', {
    message: `${message}; Layover does not follow such redirects`,
    upstreamStatus: answer.status,
  });
}
