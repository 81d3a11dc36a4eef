import type { Logger } from '../../../common/runtime/logger';
import { type LayoverError, toLayoverError } from '../../../common/errors/layover-error';
import type { Exchange } from '../request/exchange';
import type { CacheStatus } from '../registry/registry-reader';
import type { RegistryRequest } from '../request/registry-request';
import { answer, baseHeaders } from './answer';
import { addCacheStatus } from './cache-headers';
import type { Challenge } from './challenge';

/** The body of every error (OCI distribution specification, "Error Codes"). */
export function errorBody(error: LayoverError): string {
  const { code } = error.entry;
  const entry = { code, message: error.message, ...(error.detail === undefined ? {} : { detail: error.detail }) };
  return JSON.stringify({ errors: [entry] });
}

/** Answers a failure, whatever was thrown; `request` is undefined where it could not be read. */
export type WriteError = (exchange: Exchange, request: RegistryRequest | undefined, thrown: unknown) => void;

/**
 * The one place where failures become HTTP. The status is the catalogue's. Once the head of an
 * answer is out the only honest error is to destroy the connection
 * (docs/design/delivery.md#broken-answers): nothing is appended to a body. What was not expected is
 * logged with its cause and answered as UNKNOWN.
 */
export function createWriteError(challenge: Challenge, logger: Logger): WriteError {
  return (exchange, request, thrown) => {
    const error = toLayoverError(thrown);
    const { response, context } = exchange;
    if (error.key === 'INTERNAL')
      logger.error(
        { err: error.cause ?? error, requestId: context.requestId, kind: request?.kind },
        'a request failed',
      );
    else
      logger.debug({ requestId: context.requestId, key: error.key, message: error.message }, 'a request was refused');
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
    if (request !== undefined && 'address' in request) addCacheStatus(headers, exchange, statusOf(http));
    answer(exchange, http, headers, errorBody(error));
  };
}

/** Nothing was served: because of the request, or because something failed. */
function statusOf(http: number): CacheStatus {
  return http >= 500 || http === 429 ? 'ERROR' : 'REFUSED';
}

function allowed(error: LayoverError): string {
  const allow = error.detail?.['allow'];
  return typeof allow === 'string' && /^[A-Z, ]+$/.test(allow) ? allow : 'GET, HEAD';
}
