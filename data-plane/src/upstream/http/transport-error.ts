import { isLayoverError, LayoverError } from '../../../../common/errors/layover-error';
import { type ConnectError, isConnectError } from './connect-error';
import { errorCode } from './error-code';
import { MAX_HEADER_BYTES } from './limits';

/** Where a failure happened, for the message. */
export interface RequestPlace {
  /** The upstream, and the host to which it redirected if that is another one. */
  readonly name: string;
  /** Aborted = Layover ended the request. */
  readonly signal: AbortSignal;
}

const TLS_CODE =
  /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|UNABLE_TO_|EPROTO|HOSTNAME_MISMATCH|DEPTH_ZERO|SELF_SIGNED|INVALID_|CRL_)/;
const DNS_CODE = /^(?:ENOTFOUND|EAI_|ENODATA|ESERVFAIL|ENONAME|EBADNAME)/;

/**
 * Converts every failure of undici and node sockets to a LayoverError. This is the only place that
 * knows their codes. The original message is not shown, because it may contain addresses and URLs.
 */
export function transportError(thrown: unknown, place: RequestPlace): LayoverError {
  if (isLayoverError(thrown)) return thrown;
  if (place.signal.aborted) return abortError(place.signal);
  if (isConnectError(thrown)) return connectError(thrown, place);
  const code = errorCode(thrown);
  const cause = thrown;
  switch (code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
      return timeout(`${place.name} accepted the request but did not answer in time`, cause);
    case 'UND_ERR_BODY_TIMEOUT':
      return timeout(`${place.name} stopped sending in the middle of a response`, cause);
    case 'UND_ERR_HEADERS_OVERFLOW':
      return content(
        `${place.name} answered with headers larger than ${MAX_HEADER_BYTES / 1024} KiB, the limit of Layover`,
        cause,
      );
    case 'UND_ERR_CLOSED':
    case 'UND_ERR_DESTROYED':
      return new LayoverError('CANCELLED', { message: 'Layover is shutting down', cause });
    default:
      if (isParserError(code)) return content(`${place.name} does not speak valid HTTP`, cause);
      if (TLS_CODE.test(code)) return tls(place, code, cause);
      return new LayoverError('UPSTREAM_FAILED', { message: `${place.name} cut the connection (${code})`, cause });
  }
}

/**
 * Returns whether a request failed because its connection broke, or carried something that is no
 * answer. The other side may have closed a kept-alive connection meanwhile, or left bytes on it. A
 * connection that was refused is not broken, but one that was reset while it was opened is.
 */
export function isBrokenConnection(thrown: unknown): boolean {
  const code = errorCode(isConnectError(thrown) ? thrown.cause : thrown);
  if (code === 'ECONNRESET' || code === 'EPIPE') return true;
  if (isConnectError(thrown)) return false;
  return code === 'UND_ERR_SOCKET' || isParserError(code);
}

function isParserError(code: string): boolean {
  return code.startsWith('HPE_') || code === 'HTTPParserError';
}

/**
 * Returns the error for an aborted signal: its reason if that is a LayoverError (a deadline), else
 * CANCELLED.
 */
export function abortError(signal: AbortSignal): LayoverError {
  const reason: unknown = signal.reason;
  return isLayoverError(reason) ? reason : new LayoverError('CANCELLED', { cause: reason });
}

function connectError(error: ConnectError, place: RequestPlace): LayoverError {
  const { cause } = error;
  if (isLayoverError(cause)) return cause;
  const code = errorCode(cause);
  const name = error.viaProxy ? `the proxy for ${place.name}` : place.name;
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' || code === 'UND_ERR_HEADERS_TIMEOUT') {
    return timeout(`connecting to ${name} took too long`, cause);
  }
  if (TLS_CODE.test(code)) return tls({ ...place, name }, code, cause);
  const reason = DNS_CODE.test(code) ? `its name cannot be resolved (${code})` : (REASONS[code] ?? code);
  return new LayoverError('UPSTREAM_UNREACHABLE', { message: `${name} cannot be reached: ${reason}`, cause });
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refused the connection',
  ECONNRESET: 'it closed the connection at once',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to its network',
  PROXY_REFUSED: 'it refused the connection to the upstream',
};

function tls(place: RequestPlace, code: string, cause: unknown): LayoverError {
  const hint =
    code === 'EPROTO' || code.startsWith('ERR_SSL_')
      ? "if the upstream uses plain HTTP, set insecure of the organization's proxyCache to true"
      : "if your own authority signed the certificate, set caCertificate of the organization's proxyCache";
  return new LayoverError('UPSTREAM_TLS', {
    message: `no trusted TLS connection to ${place.name} is possible (${code}); ${hint}`,
    cause,
  });
}

function timeout(message: string, cause: unknown): LayoverError {
  return new LayoverError('UPSTREAM_TIMEOUT', { message, cause });
}

function content(message: string, cause: unknown): LayoverError {
  return new LayoverError('UPSTREAM_CONTENT', { message, cause });
}
