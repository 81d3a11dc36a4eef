import type { UpstreamOrigin } from '../upstream-registry';
import type { UpstreamSighting } from './upstream-prober';
import type { ProbeVerdict } from './verdict';

type Answer = Extract<UpstreamSighting['end'], { kind: 'answer' }>;

const CHECK_HOST = "check the upstream's host and port";
const CHECK_CREDENTIALS = 'check upstreamUsername and upstreamPassword';

/**
 * Returns the verdict for an answer to `GET /v2/`. Claims no more than was observed: a token does
 * not prove that its user may pull anything.
 */
export function judgeAnswer(origin: UpstreamOrigin, sighting: UpstreamSighting, answer: Answer): ProbeVerdict {
  const { host } = origin;
  const { status, looks, elsewhere, wantsTls } = answer;
  const not = (message: string): ProbeVerdict => ({ outcome: 'NOT_A_REGISTRY', message });
  if (wantsTls) {
    return {
      outcome: 'TLS_ERROR',
      message: `${host} speaks HTTPS, but was asked in plain HTTP: leave insecure out, or set it to false.`,
    };
  }
  if (status === 401) return judgeRefusal(origin, sighting, answer);
  if (status === 403 && looks === 'registry') {
    const message = `${host} denies access (403): check upstreamUsername and upstreamPassword, and that its owner allows access from this machine.`;
    return { outcome: 'BAD_CREDENTIALS', message };
  }
  if (status === 429 || status >= 500) return { outcome: 'UNREACHABLE', message: unavailableMessage(host, status) };
  if (looks === 'web-page') {
    return not(
      `${host} answered with a web page (status ${status}) and not as a registry: ${CHECK_HOST}; a login page of a proxy looks like this too.`,
    );
  }
  if (status !== 200) {
    return not(`${host} answered ${status} at /v2/, where a registry answers 200 or 401: ${CHECK_HOST}.`);
  }
  if (looks !== 'registry' && sighting.login === 'none') {
    return not(`${host} answered at /v2/ with something that no registry sends: ${CHECK_HOST}.`);
  }
  if (elsewhere !== undefined && elsewhere.hostname !== new URL(`http://${host}`).hostname) {
    return not(`${host} is not the registry itself; it redirects to ${elsewhere.host}: use that as the upstream.`);
  }
  return { outcome: 'OK', message: acceptedMessage(origin, sighting) };
}

/**
 * Returns the verdict for a 401 that remains after every login that Layover supports and would use.
 */
function judgeRefusal(origin: UpstreamOrigin, { login }: UpstreamSighting, { looks, elsewhere }: Answer): ProbeVerdict {
  const { host } = origin;
  const bad = (message: string): ProbeVerdict => ({ outcome: 'BAD_CREDENTIALS', message });
  if (elsewhere !== undefined) {
    const hint =
      elsewhere.protocol === 'https:' && origin.insecure
        ? 'leave insecure out, or set it to false'
        : 'use that as the upstream';
    const message = `${host} redirects to ${elsewhere.origin}, which requires credentials; Layover sends them only to ${host}: ${hint}.`;
    return { outcome: 'NOT_A_REGISTRY', message };
  }
  switch (login) {
    case 'bearer':
      // This point is reached only with a token. An anonymous token may still be valid for
      // repositories.
      if (origin.credentials === undefined) return { outcome: 'OK', message: anonymousTokenMessage(host) };
      return bad(
        `the token server of ${host} issued a token for the credentials, but ${host} refused that token (401): ${CHECK_CREDENTIALS}, and that this user may use the registry.`,
      );
    case 'basic':
      return origin.credentials === undefined
        ? bad(`${host} requires credentials (401): set upstreamUsername and upstreamPassword.`)
        : bad(`${host} refused the credentials (401): ${CHECK_CREDENTIALS}.`);
    default:
      return {
        outcome: 'NOT_A_REGISTRY',
        message:
          looks === 'registry'
            ? `${host} requires an authentication scheme that Layover does not support (only Basic and Bearer are supported).`
            : `${host} requires a login (401), but not in the way of a registry: ${CHECK_HOST}.`,
      };
  }
}

function acceptedMessage(origin: UpstreamOrigin, { login }: UpstreamSighting): string {
  const { host, credentials } = origin;
  if (login === 'none') {
    return credentials === undefined
      ? `${host} is a registry and answers without credentials.`
      : `${host} is a registry and answers without credentials: they were not sent, so they could not be checked.`;
  }
  if (credentials === undefined) return anonymousTokenMessage(host);
  return login === 'bearer'
    ? `${host} is a registry: its token server issued a token for the credentials, and the registry accepted it. Only a pull shows which repositories they may pull.`
    : `${host} is a registry and accepted the credentials. Only a pull shows which repositories they may pull.`;
}

function anonymousTokenMessage(host: string): string {
  return `${host} is a registry and issues tokens without credentials. Only a pull shows which repositories may be pulled.`;
}

function unavailableMessage(host: string, status: number): string {
  return status === 429
    ? `${host} limits the requests of Layover (429), so the credentials could not be checked: try again later.`
    : `${host} failed (${status}): try again later; if the error persists, ask its owner.`;
}
