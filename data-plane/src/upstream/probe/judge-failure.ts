import type { LayoverError } from '../../../../common/errors/layover-error';
import { errorCode } from '../http/error-code';
import type { UpstreamOrigin } from '../upstream-registry';
import type { ProbeOutcome, ProbeVerdict } from './verdict';

const REACHABLE = "check the upstream's host and port, and that this machine may connect to it";

/** Returns the verdict for an upstream, or its token server, that gave no usable answer. */
export function judgeFailure(origin: UpstreamOrigin, error: LayoverError, atTokenServer: boolean): ProbeVerdict {
  const verdict = (outcome: ProbeOutcome, advice: string): ProbeVerdict => ({
    outcome,
    message: `${error.message}${advice === '' ? '' : `: ${advice}`}.`,
  });
  switch (error.key) {
    case 'UPSTREAM_DENIED':
      // The message of the token server already mentions the credentials.
      return verdict(
        'BAD_CREDENTIALS',
        origin.credentials === undefined ? 'set upstreamUsername and upstreamPassword' : '',
      );
    case 'UPSTREAM_ADDRESS_REFUSED':
      return verdict('ADDRESS_REFUSED', '');
    case 'UPSTREAM_TLS':
      return { outcome: 'TLS_ERROR', message: tlsMessage(error) };
    case 'UPSTREAM_UNREACHABLE':
      return verdict('UNREACHABLE', REACHABLE);
    case 'UPSTREAM_TIMEOUT':
      return verdict('UNREACHABLE', `try again; if the error persists, ${REACHABLE}`);
    case 'TOO_MANY_REQUESTS':
      return verdict('UNREACHABLE', `the credentials could not be checked; try again ${afterSeconds(error)}`);
    case 'UPSTREAM_FAILED':
      return verdict(
        'UNREACHABLE',
        origin.insecure && !atTokenServer && error.upstreamStatus === undefined
          ? 'if it speaks HTTPS, leave insecure out; otherwise try again later'
          : 'try again later; if the error persists, ask its owner',
      );
    default:
      // The message of the realm policy already says what to do.
      if (error.detail?.['untrustedRealm'] !== undefined) return verdict('NOT_A_REGISTRY', '');
      return verdict('NOT_A_REGISTRY', 'Layover does not pull from such an upstream');
  }
}

function afterSeconds(error: LayoverError): string {
  return error.retryAfterSeconds === undefined ? 'later' : `in ${error.retryAfterSeconds} s`;
}

/**
 * Returns the message of the transport without its advice, which does not know the fields that a
 * user can set.
 */
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
  return 'set caCertificate to the certificates of its authority in PEM; if it speaks plain HTTP, set insecure to true';
}
