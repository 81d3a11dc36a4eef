import type { LayoverError } from '../../../../common/errors/layover-error';
import { errorCode } from '../http/error-code';
import type { UpstreamOrigin } from '../upstream-registry';
import type { ProbeOutcome, Verdict } from './verdict';

const REACHABLE = "check the upstream's host and port, and that this machine may reach it";

/** What it means that an upstream, or its token server, gave no answer that could be used. */
export function judgeFailure(origin: UpstreamOrigin, error: LayoverError, atTokenServer: boolean): Verdict {
  const verdict = (outcome: ProbeOutcome, advice: string): Verdict => ({
    outcome,
    message: `${error.message}${advice === '' ? '' : `: ${advice}`}.`,
  });
  switch (error.key) {
    case 'UPSTREAM_DENIED':
      // The token server's words, which name the credentials already.
      return verdict(
        'BAD_CREDENTIALS',
        origin.credentials === undefined ? 'give upstreamUsername and upstreamPassword' : '',
      );
    case 'UPSTREAM_ADDRESS_REFUSED':
      return verdict('ADDRESS_REFUSED', '');
    case 'UPSTREAM_TLS':
      return { outcome: 'TLS_ERROR', message: tlsMessage(error) };
    case 'UPSTREAM_UNREACHABLE':
      return verdict('UNREACHABLE', REACHABLE);
    case 'UPSTREAM_TIMEOUT':
      return verdict('UNREACHABLE', `try again; if it stays so, ${REACHABLE}`);
    case 'TOO_MANY_REQUESTS':
      return verdict('UNREACHABLE', `nothing is known of the credentials; try again ${afterSeconds(error)}`);
    case 'UPSTREAM_FAILED':
      return verdict(
        'UNREACHABLE',
        origin.insecure && !atTokenServer && error.upstreamStatus === undefined
          ? 'if it speaks HTTPS, leave insecure out; otherwise try again later'
          : 'try again later; if it stays so, ask its owner',
      );
    default:
      return verdict('NOT_A_REGISTRY', 'Layover does not pull from an upstream that does this');
  }
}

function afterSeconds(error: LayoverError): string {
  return error.retryAfterSeconds === undefined ? 'later' : `in ${error.retryAfterSeconds} s`;
}

/** The transport's words up to its own advice, which knows nothing of the fields that a user can set. */
function tlsMessage(error: LayoverError): string {
  return `${error.message.split(';', 1)[0]}: ${tlsAdvice(errorCode(error.cause))}.`;
}

function tlsAdvice(code: string): string {
  if (code === 'CERT_HAS_EXPIRED') return 'its certificate has expired, and its owner must renew it';
  if (code === 'CERT_NOT_YET_VALID') return 'its certificate is not valid yet; check the clock of this machine';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH')
    return "its certificate is for other names; check the upstream's host, which caCertificate does not change";
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return 'it does not speak TLS; if it speaks plain HTTP, set insecure to true';
  return "set caCertificate to its authority's certificates in PEM; where it speaks plain HTTP, set insecure to true";
}
