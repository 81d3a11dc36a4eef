import { isLayoverError, type LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import { bareMediaType } from '../../../../common/oci/media-types';
import type { Clock } from '../../../../common/runtime/clock';
import { parseChallenges } from '../auth/challenge';
import { trustedRealm } from '../auth/realm-policy';
import { basicHeader, requestToken } from '../auth/token-exchange';
import { endpointOf } from '../endpoint';
import { followRedirects } from '../http/follow-redirects';
import type { HttpAnswer, HttpClient } from '../http/http-client';
import { abortError } from '../http/transport-error';
import type { UpstreamOrigin } from '../upstream-registry';
import type { LoginAsked, AnswerKind, UpstreamSighting } from './upstream-prober';

/** Largest part of an answer that is read, in bytes. Registries send `{}`. */
const MAX_BODY = 64 * 1024;
/** How servers answer plain HTTP on an HTTPS port: the texts of Go and nginx. */
const WANTS_TLS = /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port/i;

/**
 * Requests `GET /v2/` (OCI distribution specification, "Determining Support"), and repeats it after
 * answering the challenge: with Basic, or with a Bearer token without a scope, which proves the
 * identity and not the permissions. Realms, redirects and addresses follow the same rules as pulls
 * (docs/design/access.md#hostile-upstreams). Throws CANCELLED; every other result is part of the
 * sighting.
 */
export async function probeRegistry(
  http: HttpClient,
  clock: Clock,
  origin: UpstreamOrigin,
  signal: AbortSignal,
): Promise<UpstreamSighting> {
  const startedAt = clock.steady();
  let latencyMs: number | undefined;
  let login: LoginAsked = 'none';
  let atTokenServer = false;
  try {
    const endpoint = endpointOf(origin);
    const ask = async (authorization: string | undefined): Promise<HttpAnswer> => {
      const { caCertificate } = origin;
      const accept = { accept: 'application/json' };
      return followRedirects({
        url: new URL('/v2/', endpoint.base),
        endpoint,
        signal,
        send: (url, place) => {
          // Credentials go only to the registry itself (docs/design/access.md#redirects).
          const own = authorization !== undefined && url.origin === endpoint.base.origin;
          const headers = own ? { ...accept, authorization } : accept;
          return http({ method: 'GET', url, headers, caCertificate, place });
        },
      });
    };
    let answer = await ask(undefined);
    latencyMs = clock.steady() - startedAt;
    if (answer.status === 401 && answer.url.origin === endpoint.base.origin) {
      const challenges = parseChallenges(answer.headers.all('www-authenticate'));
      const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
      login = bearer !== undefined ? 'bearer' : challenges.some(({ scheme }) => scheme === 'basic') ? 'basic' : 'other';
      let authorization: string | undefined;
      if (bearer !== undefined) {
        await answer.body.discard();
        const isLogin = origin.credentials !== undefined;
        const realm = trustedRealm(bearer.parameters['realm'], endpoint, isLogin, origin.trustedRealms);
        const service = bearer.parameters['service'] || undefined;
        atTokenServer = true;
        const request = { origin, endpoint, realm, service, scopes: [], signal };
        authorization = `Bearer ${(await requestToken(http, request, clock.now())).token}`;
        atTokenServer = false;
      } else if (login === 'basic' && origin.credentials !== undefined) {
        await answer.body.discard();
        authorization = basicHeader(origin.credentials);
      }
      if (authorization !== undefined) answer = await ask(authorization);
    }
    const { status, url } = answer;
    const elsewhere = url.origin === endpoint.base.origin ? undefined : new URL(url.origin);
    return { latencyMs, login, end: { kind: 'answer', status, elsewhere, ...(await classifyAnswer(answer)) } };
  } catch (thrown) {
    const error = failureOf(thrown, signal);
    if (error.key === 'CANCELLED' || error.key === 'INTERNAL') throw error;
    return { latencyMs, login, end: { kind: 'failure', atTokenServer, error } };
  }
}

/**
 * Classifies an answer. Registries identify themselves in a header, or send almost nothing; a page
 * comes from a portal, a proxy or a web site.
 */
async function classifyAnswer(answer: HttpAnswer): Promise<{ readonly looks: AnswerKind; readonly wantsTls: boolean }> {
  const type = bareMediaType(answer.headers.get('content-type') ?? '');
  const named = /^registry\/2/i.test(answer.headers.get('docker-distribution-api-version')?.trim() ?? '');
  let body = '';
  try {
    body = (await answer.body.read(MAX_BODY, 'the answer')).toString().trim();
  } catch (error) {
    // Too large for the answer of a registry. A cut body says nothing about the server either.
    if (!isLayoverError(error) || error.key !== 'UPSTREAM_CONTENT') throw error;
    return { looks: named ? 'registry' : 'something-else', wantsTls: false };
  }
  const wantsTls = answer.status === 400 && WANTS_TLS.test(body);
  if (type === 'text/html' || type === 'application/xhtml+xml') return { looks: 'web-page', wantsTls };
  return { looks: named || isRegistryBody(body) ? 'registry' : 'something-else', wantsTls };
}

/**
 * Returns whether a body is one that registries send: nothing, `{}`, `true` (Quay), or the error
 * list of the specification.
 */
function isRegistryBody(body: string): boolean {
  if (body === '' || body === 'true' || /^\{\s*\}$/.test(body)) return true;
  try {
    const parsed = JSON.parse(body) as { readonly errors?: readonly { readonly code?: unknown }[] } | null;
    const code = parsed?.errors?.[0]?.code;
    return typeof code === 'string' && /^[A-Z_]+$/.test(code);
  } catch {
    return false;
  }
}

function failureOf(thrown: unknown, signal: AbortSignal): LayoverError {
  return signal.aborted && !isLayoverError(thrown) ? abortError(signal) : toLayoverError(thrown);
}
