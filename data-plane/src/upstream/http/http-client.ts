import { request as undiciRequest } from 'undici';
import type { Agents } from './agents';
import { ResponseBody } from './response-body';
import { ResponseHeaders } from './response-headers';
import { isBrokenConnection, type Place, transportError } from './transport-error';

/** One HTTP request, one hop. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** PEM bundle trusted besides the system's. */
  readonly caCertificate: string | undefined;
  readonly place: Place;
}

/** Its answer, whatever the status; the body is read, or discarded, by whoever holds it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly body: ResponseBody;
  /** Where it came from. */
  readonly url: URL;
  readonly place: Place;
}

/** Sends a request and gives back the answer's headers with an open body. Throws UPSTREAM_* or CANCELLED. */
export type HttpClient = (request: HttpRequest) => Promise<HttpAnswer>;

/** How far a body is read ahead of its reader, in bytes; also the size of the chunks that a busy reader gets. */
const READ_AHEAD = 512 * 1024;

/**
 * undici's `request`, never fetch: no redirects, no decoding, no header of its own
 * (docs/design/access.md#http-client). Asks for identity encoding. Repeats a request once where a
 * kept-alive connection turned out to be dead.
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
        highWaterMark: READ_AHEAD,
        // undici closes the connection after a HEAD unless told not to; a revalidation would cost a TLS handshake each time.
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
