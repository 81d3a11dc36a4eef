import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestContext } from '../registry/registry-reader';
import type { Client } from './read-client';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const MAX_USER_AGENT = 256;
const MAX_ACCEPT = 64;

/** Who asks, from what is known of the client and the request's headers. A request id that a proxy in front gave is kept when it is a plain one. */
export function readContext(request: IncomingMessage, client: Client): RequestContext {
  const { headers } = request;
  const given = headers['x-request-id'];
  const userAgent = headers['user-agent'] ?? '';
  return {
    requestId: typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID(),
    clientAddress: client.address,
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
