import { isLayoverError, LayoverError } from '../../../../common/errors/layover-error';
import { parseDocument } from '../../../../common/oci/manifest-document';
import type { Clock } from '../../../../common/runtime/clock';
import { type Endpoint, placeName } from '../endpoint';
import type { HttpAnswer, HttpClient } from '../http/http-client';
import { repeatOnce } from '../http/repeat-once';
import type { RequestLimits } from '../http/request-limits';
import { statedRetryAfterMs } from '../http/retry-after';
import { identityKey } from '../identity-key';
import type { UpstreamOrigin } from '../upstream-registry';

/** The parameters of a token request. */
export interface UpstreamTokenRequest {
  readonly origin: UpstreamOrigin;
  readonly endpoint: Endpoint;
  /** A realm that was already checked (realm-policy.ts). */
  readonly realm: URL;
  readonly service: string | undefined;
  /** None = the token proves the identity only. */
  readonly scopes: readonly string[];
  readonly signal: AbortSignal;
}

/** A token from a token server. */
export interface UpstreamToken {
  readonly token: string;
  /** The lifetime in milliseconds, from the time before the token request. */
  readonly lifetimeMs: number;
}

/** Largest accepted answer of a token server, in bytes (docs/design/access.md#bounded-bodies). */
const MAX_BODY = 64 * 1024;
/** The default for a missing `expires_in` (distribution token specification). */
const DEFAULT_LIFETIME_S = 60;
/** Upper limit for the lifetime that a token server may name. */
const MAX_LIFETIME_S = 3600;

/**
 * Requests a pull token from a realm (distribution token specification; accepts `token` and
 * `access_token`, sends `service` only if the challenge has one), and once more if the connection
 * breaks: a GET for a token changes nothing. Throws UPSTREAM_DENIED if the
 * server refuses the credentials; TOO_MANY_REQUESTS; UPSTREAM_FAILED; and UPSTREAM_CONTENT for
 * redirects (credentials do not follow them: docs/design/access.md#token-realms) and for answers
 * without a token.
 */
export async function requestToken(
  http: HttpClient,
  request: UpstreamTokenRequest,
  nowMs: number,
): Promise<UpstreamToken> {
  const { origin, endpoint, signal } = request;
  const url = new URL(request.realm);
  if (request.service !== undefined) url.searchParams.set('service', request.service);
  for (const scope of request.scopes) url.searchParams.append('scope', scope);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (origin.credentials !== undefined) headers['authorization'] = basicHeader(origin.credentials);
  const place = { name: placeName(endpoint, url), signal };
  const body = await repeatOnce(signal, async (answered) => {
    const answer = await http({ method: 'GET', url, headers, caCertificate: origin.caCertificate, place });
    answered();
    if (answer.status === 200) return answer.body.read(MAX_BODY, 'the token');
    await answer.body.discard();
    throw refusal(answer, request, nowMs);
  });
  return readToken(body, place.name);
}

/**
 * Requests a token unless the token server limits such requests. A limit is remembered for these
 * scopes only, because token servers limit pulls of one repository
 * (docs/design/access.md#rate-limits). Throws the errors of requestToken; TOO_MANY_REQUESTS always
 * has `retryAfterSeconds`.
 */
export async function limitedTokenRequest(
  http: HttpClient,
  limits: RequestLimits,
  clock: Clock,
  request: UpstreamTokenRequest,
): Promise<UpstreamToken> {
  const { origin, endpoint, realm, scopes } = request;
  const limit = JSON.stringify([identityKey(origin), realm.host, 'token', ...scopes]);
  limits.assertOpen(limit, `the token server of ${placeName(endpoint, realm)}`);
  try {
    const token = await requestToken(http, request, clock.now());
    limits.passed(limit);
    return token;
  } catch (error) {
    if (!isLayoverError(error) || error.upstreamStatus !== 429) throw error;
    const { key, message, upstreamStatus, retryAfterSeconds } = error;
    const waitMs = limits.exceeded(limit, retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000);
    throw new LayoverError(key, { message, upstreamStatus, retryAfterSeconds: toSeconds(waitMs) });
  }
}

/** Returns the Authorization value for Basic (RFC 7617, UTF-8). */
export function basicHeader(credentials: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

function readToken(body: Buffer, name: string): UpstreamToken {
  const answer = parseDocument(body) ?? {};
  // Members of a useless type count as absent: some servers send null for those without a value.
  const token = [answer['token'], answer['access_token']].find(isText);
  // Characters other than visible ASCII would allow header injection.
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
    throw new LayoverError('UPSTREAM_CONTENT', {
      message: `the token server of ${name} answered without a valid token`,
    });
  }
  const { expires_in: stated } = answer;
  const seconds = typeof stated === 'number' && Number.isFinite(stated) && stated > 0 ? stated : DEFAULT_LIFETIME_S;
  return { token, lifetimeMs: Math.min(seconds, MAX_LIFETIME_S) * 1000 };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function refusal(answer: HttpAnswer, request: UpstreamTokenRequest, nowMs: number): LayoverError {
  const { status: upstreamStatus, place } = answer;
  const server = `the token server of ${place.name}`;
  switch (true) {
    case upstreamStatus === 401 || upstreamStatus === 403:
      return new LayoverError('UPSTREAM_DENIED', {
        message:
          request.origin.credentials === undefined
            ? `${server} issues no anonymous token (${upstreamStatus}); the organization needs credentials for this upstream`
            : `${server} refused the credentials (${upstreamStatus}); check the organization's upstream username and password`,
        upstreamStatus,
      });
    case upstreamStatus === 429:
      return new LayoverError('TOO_MANY_REQUESTS', {
        message: `${server} limits the requests of Layover`,
        retryAfterSeconds: toSeconds(statedRetryAfterMs(answer.headers, nowMs)),
        upstreamStatus,
      });
    case upstreamStatus >= 500:
      return new LayoverError('UPSTREAM_FAILED', { message: `${server} failed (${upstreamStatus})`, upstreamStatus });
    case upstreamStatus >= 300 && upstreamStatus < 400:
      return new LayoverError('UPSTREAM_CONTENT', {
        message: `${server} answered with a redirect (${upstreamStatus}), and Layover does not send credentials to redirect targets`,
        upstreamStatus,
      });
    default:
      return new LayoverError('UPSTREAM_CONTENT', {
        message: `${server} answered a token request with ${upstreamStatus}`,
        upstreamStatus,
      });
  }
}

function toSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.ceil(ms / 1000);
}
