import { setTimeout } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { LayoverError } from '../../../../common/errors/layover-error';
import { isTooManyFiles, openPatiently } from '../../../../common/async/open-patiently';
import { isConnectError } from './connect-error';
import type { ConnectionUse, Route } from './route';
import { ResponseBody } from './response-body';
import { ResponseHeaders } from './response-headers';
import { isBrokenConnection, type RequestPlace, transportError } from './transport-error';

/** One HTTP request without redirects. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM bundle that is trusted in addition to the certificates of the system. */
  readonly caCertificate: string | undefined;
  /** Time limit for the response headers, in milliseconds. Default: that of the connection. */
  readonly headersMs?: number;
  readonly place: RequestPlace;
}

/** The answer to a request, with any status. The owner must read or discard the body. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: ResponseBody;
  /** The URL that answered. */
  readonly url: URL;
  readonly place: RequestPlace;
}

/**
 * Sends a request and returns the headers of the answer with an open body. Throws UPSTREAM_* or
 * CANCELLED.
 */
export type HttpClient = (request: HttpRequest) => Promise<HttpAnswer>;

/**
 * How many bytes of a body are buffered ahead of its reader; also the size of the chunks that a
 * busy reader gets.
 */
const READ_AHEAD = 512 * 1024;

/** A proxy wants credentials (RFC 9110 section 15.5.8). No upstream answers so. */
const PROXY_AUTHENTICATION = 407;

/**
 * Creates a client on undici's `request`. `fetch` is not used because it follows redirects, decodes
 * bodies and adds headers (docs/design/access.md#http-client). Requests the identity encoding.
 * Repeats a request once, on a connection of its own, if the connection broke before the answer, or
 * carried something else than an answer: GET and HEAD are idempotent (RFC 9110 section 9.2.2), and
 * some servers leave a connection in a bad state, for example with the body of a HEAD.
 */
export function createHttpClient(
  routeOf: (url: URL, caCertificate: string | undefined, connection: ConnectionUse) => Route,
): HttpClient {
  return async (request) => {
    const { url, place } = request;
    const send = async (connection: ConnectionUse): Promise<Dispatcher.ResponseData> => {
      const { dispatcher, path, headers } = routeOf(url, request.caCertificate, connection);
      return dispatcher.request({
        origin: url.origin,
        path,
        method: request.method,
        headers: { 'user-agent': 'layover', 'accept-encoding': 'identity', ...request.headers, ...headers },
        signal: place.signal,
        ...(request.headersMs === undefined ? {} : { headersTimeout: request.headersMs }),
        highWaterMark: READ_AHEAD,
        // By default, undici closes the connection after a HEAD, so every revalidation would need a
        // new TLS handshake.
        reset: connection === 'single',
      });
    };
    try {
      // A socket is a file too: while too many are open, the request waits.
      const wait = (ms: number): Promise<unknown> => setTimeout(ms, undefined, { signal: place.signal });
      const response = await openPatiently(() => send('kept'), isShortOfSockets, wait).catch((error: unknown) => {
        if (place.signal.aborted || !isBrokenConnection(error)) throw error;
        return send('single');
      });
      const headers = new ResponseHeaders(response.headers);
      if (response.statusCode === PROXY_AUTHENTICATION) {
        await response.body.dump().catch(() => undefined);
        throw new LayoverError('UPSTREAM_UNREACHABLE', {
          message: `the proxy for ${place.name} requires other credentials (407); check the URL of the proxy`,
        });
      }
      return {
        status: response.statusCode,
        headers,
        body: new ResponseBody(response.body, headers, place),
        url,
        place,
      };
    } catch (error) {
      throw transportError(error, place);
    }
  };
}

function isShortOfSockets(error: unknown): boolean {
  return isConnectError(error) && isTooManyFiles(error.cause);
}
