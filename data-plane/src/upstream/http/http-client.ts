import { request as undiciRequest } from 'undici';
import type { Agents } from './agents';
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

/**
 * Creates a client on undici's `request`. `fetch` is not used because it follows redirects, decodes
 * bodies and adds headers (docs/design/access.md#http-client). Requests the identity encoding.
 * Repeats a request once if a kept-alive connection turned out to be closed.
 */
export function createHttpClient(agents: Agents): HttpClient {
  return async (request) => {
    const { url, place } = request;
    const send = (): ReturnType<typeof undiciRequest> =>
      undiciRequest(url, {
        dispatcher: agents.for(request.caCertificate),
        method: request.method,
        headers: { 'user-agent': 'layover', 'accept-encoding': 'identity', ...request.headers },
        signal: place.signal,
        ...(request.headersMs === undefined ? {} : { headersTimeout: request.headersMs }),
        highWaterMark: READ_AHEAD,
        // By default, undici closes the connection after a HEAD, so every revalidation would need a
        // new TLS handshake.
        reset: false,
      });
    try {
      const response = await send().catch((error: unknown) => {
        if (place.signal.aborted || !isBrokenConnection(error)) throw error;
        return send();
      });
      const headers = new ResponseHeaders(response.headers);
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
