import { LayoverError } from '../../../../common/errors/layover-error';
import { type Endpoint, placeName } from '../endpoint';
import type { HttpAnswer } from './http-client';
import type { RequestPlace } from './transport-error';

/** A request to a registry that may be redirected. */
export interface RedirectableRequest {
  readonly url: URL;
  readonly endpoint: Endpoint;
  readonly signal: AbortSignal;
  /** Sends the request to one server of the chain, with what belongs to this server. */
  readonly send: (url: URL, place: RequestPlace) => Promise<HttpAnswer>;
}

const MAX_HOPS = 5;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Follows redirects (docs/design/access.md#redirects). Location may be relative. HTTPS is never
 * downgraded to HTTP. There are at most five hops, and nothing is cached, not even permanent
 * redirects, because signed URLs expire. Addresses are checked when connecting. Throws
 * UPSTREAM_CONTENT for a redirect that is not followed, and the errors of `send`.
 */
export async function followRedirects(request: RedirectableRequest): Promise<HttpAnswer> {
  const { endpoint, signal, send } = request;
  let { url } = request;
  for (let hop = 0; ; hop++) {
    const place = { name: placeName(endpoint, url), signal };
    const answer = await send(url, place);
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
