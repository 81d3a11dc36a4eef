import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestContext } from '../registry-reader';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const MAX_USER_AGENT = 256;
const MAX_ACCEPT = 64;

/** Who asks, from the request's headers and socket. A request id that a proxy in front gave is kept when it is a plain one. */
export function readContext(request: IncomingMessage): RequestContext {
  const { headers } = request;
  const given = headers['x-request-id'];
  const userAgent = headers['user-agent'] ?? '';
  return {
    requestId: typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID(),
    clientAddress: plainAddress(request.socket.remoteAddress ?? ''),
    userAgent: userAgent.length > MAX_USER_AGENT ? userAgent.slice(0, MAX_USER_AGENT) : userAgent,
    authorization: headers.authorization ?? '',
  };
}

/** Media ranges of the Accept headers, in order; empty = anything. What is beyond 64 of them is left out. */
export function readAccept(request: IncomingMessage): string[] {
  const { accept } = request.headers;
  if (accept === undefined || accept === '*/*') return [];
  const ranges: string[] = [];
  for (const part of accept.split(',', MAX_ACCEPT)) {
    const range = part.trim();
    if (range !== '') ranges.push(range);
  }
  return ranges;
}

/** IPv4 clients of a dual-stack listener come as ::ffff:a.b.c.d. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
