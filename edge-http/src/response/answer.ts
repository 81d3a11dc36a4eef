import { type OutgoingHttpHeaders, STATUS_CODES } from 'node:http';
import { Header } from '../../../common/oci/headers';
import type { Exchange } from '../request/exchange';
import { endAfterBody, hasBody } from './end-after-body';

/**
 * Returns the headers of every response of the registry API. Headers of the upstream are never
 * passed on (docs/design/delivery.md#response-headers).
 */
export function baseHeaders(exchange: Exchange): OutgoingHttpHeaders {
  return {
    [Header.dockerDistributionApiVersion]: 'registry/2.0',
    [Header.requestId]: exchange.context.requestId,
    'X-Content-Type-Options': 'nosniff',
  };
}

/**
 * Sends a complete response. Content-Length is always set; a HEAD or 304 response omits the body.
 * `headers` may contain the Content-Length of the content that a HEAD does not carry. `reason` is
 * the reason phrase, of printable ASCII characters; default: the standard one.
 */
export function answer(
  exchange: Exchange,
  status: number,
  headers: OutgoingHttpHeaders,
  body: Buffer | string,
  reason: string = STATUS_CODES[status] ?? '',
): void {
  const { request, response } = exchange;
  if (status !== 304) headers['Content-Length'] ??= typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const bare = request.method === 'HEAD' || status === 304;
  if (!bare && hasBody(request)) {
    headers['Connection'] = 'close';
    response.writeHead(status, reason, headers).write(body);
    endAfterBody(request, response);
    return;
  }
  response.writeHead(status, reason, headers);
  response.end(bare ? undefined : body);
}

/** Sends a complete JSON response. */
export function answerJson(exchange: Exchange, status: number, headers: OutgoingHttpHeaders, value: unknown): void {
  headers['Content-Type'] ??= 'application/json';
  answer(exchange, status, headers, JSON.stringify(value));
}
