import type { OutgoingHttpHeaders } from 'node:http';
import { Header } from '../../../common/oci/headers';
import type { Exchange } from '../request/exchange';
import { endAfterBody, hasBody } from './end-after-body';

/**
 * Headers of every answer of the registry API. Only what is made here and by handlers goes out:
 * nothing of upstream's passes through (docs/design/delivery.md#response-headers).
 */
export function baseHeaders(exchange: Exchange): OutgoingHttpHeaders {
  return {
    [Header.dockerDistributionApiVersion]: 'registry/2.0',
    [Header.requestId]: exchange.context.requestId,
    'X-Content-Type-Options': 'nosniff',
  };
}

/**
 * A whole answer from memory. Content-Length is always said; for a HEAD (or 304) the body stays here. `headers` may hold a Content-Length
 * of its own: that of the content which a HEAD does not carry.
 */
export function answer(exchange: Exchange, status: number, headers: OutgoingHttpHeaders, body: Buffer | string): void {
  const { request, response } = exchange;
  if (status !== 304) headers['Content-Length'] ??= typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  const bare = request.method === 'HEAD' || status === 304;
  if (!bare && hasBody(request)) {
    headers['Connection'] = 'close';
    response.writeHead(status, headers).write(body);
    endAfterBody(request, response);
    return;
  }
  response.writeHead(status, headers);
  response.end(bare ? undefined : body);
}

/** JSON from memory. */
export function answerJson(exchange: Exchange, status: number, headers: OutgoingHttpHeaders, value: unknown): void {
  headers['Content-Type'] ??= 'application/json';
  answer(exchange, status, headers, JSON.stringify(value));
}
