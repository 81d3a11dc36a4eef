import type { UpstreamOrigin } from '../upstream-registry';
import type { UpstreamSighting } from './upstream-prober';
import type { Verdict } from './verdict';

type Answer = Extract<UpstreamSighting['end'], { kind: 'answer' }>;

const CHECK_HOST = "check the upstream's host and port";
const CHECK_CREDENTIALS = 'check upstreamUsername and upstreamPassword';

/** What an answer to `GET /v2/` means. Claims no more than was seen: a token is no proof that its user may pull anything. */
export function judgeAnswer(origin: UpstreamOrigin, sighting: UpstreamSighting, answer: Answer): Verdict {
  const { host } = origin;
  const { status, looks, elsewhere, wantsTls } = answer;
  const not = (message: string): Verdict => ({ outcome: 'NOT_A_REGISTRY', message });
  if (wantsTls) {
    return {
      outcome: 'TLS_ERROR',
      message: `${host} speaks HTTPS, and was asked in plain HTTP: leave insecure out, or set it to false.`,
    };
  }
  if (status === 401) return judgeRefusal(origin, sighting, answer);
  if (status === 403 && looks === 'registry') {
    const message = `${host} denies access (403): check upstreamUsername and upstreamPassword, and that its owner lets this machine in.`;
    return { outcome: 'BAD_CREDENTIALS', message };
  }
  if (status === 429 || status >= 500) return { outcome: 'UNREACHABLE', message: awayMessage(host, status) };
  if (looks === 'web-page') {
    return not(
      `${host} answered with a web page (status ${status}), not as a registry: ${CHECK_HOST}; a login page in between looks like this too.`,
    );
  }
  if (status !== 200) {
    return not(`${host} answered ${status} at /v2/, where a registry answers 200 or 401: ${CHECK_HOST}.`);
  }
  if (looks !== 'registry' && sighting.login === 'none') {
    return not(`${host} answered at /v2/ with something that no registry sends: ${CHECK_HOST}.`);
  }
  if (elsewhere !== undefined && elsewhere.hostname !== new URL(`http://${host}`).hostname) {
    return not(`${host} is not the registry itself, it sends us to ${elsewhere.host}: use that as the upstream.`);
  }
  return { outcome: 'OK', message: acceptedMessage(origin, sighting) };
}

/** A 401 that stands after everything that we could, and would, log in with. */
function judgeRefusal(origin: UpstreamOrigin, { login }: UpstreamSighting, { looks, elsewhere }: Answer): Verdict {
  const { host } = origin;
  const bad = (message: string): Verdict => ({ outcome: 'BAD_CREDENTIALS', message });
  if (elsewhere !== undefined) {
    const hint =
      elsewhere.protocol === 'https:' && origin.insecure
        ? 'leave insecure out, or set it to false'
        : 'use that as the upstream';
    const message = `${host} sends us to ${elsewhere.origin}, which asks for credentials; Layover gives them to ${host} alone: ${hint}.`;
    return { outcome: 'NOT_A_REGISTRY', message };
  }
  switch (login) {
    case 'bearer':
      // Only with a token does one get here. An anonymous one may still be good for repositories.
      if (origin.credentials === undefined) return { outcome: 'OK', message: anonymousTokenMessage(host) };
      return bad(
        `the token server of ${host} gave a token for the credentials, and ${host} refused that token (401): ${CHECK_CREDENTIALS}, and that this user may use the registry.`,
      );
    case 'basic':
      return origin.credentials === undefined
        ? bad(`${host} lets nobody in without credentials (401): give upstreamUsername and upstreamPassword.`)
        : bad(`${host} refused the credentials (401): ${CHECK_CREDENTIALS}.`);
    default:
      return {
        outcome: 'NOT_A_REGISTRY',
        message:
          looks === 'registry'
            ? `${host} asks for a way to log in that Layover does not know (it knows Basic and Bearer).`
            : `${host} wants a login (401) that is not a registry's: ${CHECK_HOST}.`,
      };
  }
}

function acceptedMessage(origin: UpstreamOrigin, { login }: UpstreamSighting): string {
  const { host, credentials } = origin;
  if (login === 'none') {
    return credentials === undefined
      ? `${host} is a registry, and answers without credentials.`
      : `${host} is a registry, and answers without asking for credentials: they were not sent, so nothing is known of them.`;
  }
  if (credentials === undefined) return anonymousTokenMessage(host);
  return login === 'bearer'
    ? `${host} is a registry: its token server gave a token for the credentials, and it took that token. What they may pull shows with the first pull.`
    : `${host} is a registry, and took the credentials. What they may pull shows with the first pull.`;
}

function anonymousTokenMessage(host: string): string {
  return `${host} is a registry, and gives tokens without credentials. What they may pull shows with the first pull.`;
}

function awayMessage(host: string, status: number): string {
  return status === 429
    ? `${host} limits our requests (429), so nothing is known of the credentials: try again later.`
    : `${host} failed (${status}): try again later; if it stays so, ask its owner.`;
}
