import { failureStatus } from '../../../common/errors/failure-status';
import type { Logger } from '../../../common/runtime/logger';
import { type LayoverError, toLayoverError } from '../../../common/errors/layover-error';
import type { Exchange } from '../request/exchange';
import type { RegistryRequest } from '../request/registry-request';
import { answer, baseHeaders } from './answer';
import { addCacheStatus } from './cache-headers';
import type { ChallengeWriter } from './challenge';

/** Returns the body of an error (OCI distribution specification, "Error Codes"). */
export function errorBody(error: LayoverError): string {
  const { code } = error.entry;
  const entry = { code, message: error.message, ...(error.detail === undefined ? {} : { detail: error.detail }) };
  return JSON.stringify({ errors: [entry] });
}

/** Answers a failure. `request` is undefined if the request could not be parsed. */
export type WriteError = (exchange: Exchange, request: RegistryRequest | undefined, thrown: unknown) => void;

/**
 * Creates the conversion of failures to HTTP responses. The catalogue defines the status. After the
 * response head was sent, destroying the connection is the only way to report an error
 * (docs/design/delivery.md#broken-answers). Unexpected errors are logged with their cause and
 * answered as UNKNOWN.
 */
export function createWriteError(challenge: ChallengeWriter, logger: Logger): WriteError {
  return (exchange, request, thrown) => {
    const error = toLayoverError(thrown);
    const { response, context } = exchange;
    if (error.key === 'INTERNAL')
      logger.error(
        { err: error.cause ?? error, requestId: context.requestId, kind: request?.kind },
        'A request failed',
      );
    else
      logger.debug({ requestId: context.requestId, key: error.key, message: error.message }, 'A request was refused');
    if (response.headersSent || response.destroyed || error.key === 'CANCELLED') {
      response.destroy();
      return;
    }
    const headers = baseHeaders(exchange);
    headers['Content-Type'] = 'application/json';
    const { http } = error.entry;
    if (http === 401) headers['WWW-Authenticate'] = challenge(exchange, request, error);
    if (http === 405) headers['Allow'] = allowed(error);
    const size = error.detail?.['size'];
    // RFC 9110 section 14.4; left out where the size is not known.
    if (http === 416 && typeof size === 'number') headers['Content-Range'] = `bytes */${size}`;
    if (error.retryAfterSeconds !== undefined) headers['Retry-After'] = Math.max(0, Math.ceil(error.retryAfterSeconds));
    if (request !== undefined && 'address' in request) addCacheStatus(headers, exchange, failureStatus(http));
    answer(exchange, http, headers, errorBody(error));
  };
}

function allowed(error: LayoverError): string {
  const allow = error.detail?.['allow'];
  return typeof allow === 'string' && /^[A-Z, ]+$/.test(allow) ? allow : 'GET, HEAD';
}
