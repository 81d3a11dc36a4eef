import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Header } from '../../../common/oci/headers';
import type { RequestContext } from '../registry/registry-reader';
import type { Client } from './read-client';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;
const MAX_USER_AGENT = 256;
const MAX_ACCEPT = 64;
const HOPS = Header.layoverHops.toLowerCase();
const HOP = /^[A-Za-z0-9._-]{1,128}$/;
/** More than a data plane accepts. */
const MAX_HOPS = 16;

/**
 * Creates the context of a request from the client and the headers. A valid request id of a proxy
 * in front of the edge is kept.
 */
export function readContext(request: IncomingMessage, client: Client): RequestContext {
  const { headers } = request;
  const given = headers['x-request-id'];
  const userAgent = headers['user-agent'] ?? '';
  return {
    requestId: typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID(),
    clientAddress: client.address,
    userAgent: userAgent.length > MAX_USER_AGENT ? userAgent.slice(0, MAX_USER_AGENT) : userAgent,
    authorization: headers.authorization ?? '',
    hops: readHops(headers[HOPS]),
  };
}

/**
 * Returns the values of the Accept headers as one list of media ranges; empty means any. At most 64
 * ranges are used.
 */
export function readAccept(request: IncomingMessage): string[] {
  const { accept } = request.headers;
  if (accept === undefined || accept === '' || accept === '*/*') return [];
  const ranges = accept.split(',', MAX_ACCEPT + 1);
  return [ranges.length <= MAX_ACCEPT ? accept : ranges.slice(0, MAX_ACCEPT).join(',')];
}

/** Returns the ids in X-Layover-Hops. A value that is not an id counts as a hop without a name. */
function readHops(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  if (text === '') return [];
  return text.split(',', MAX_HOPS).map((part) => (HOP.test(part.trim()) ? part.trim() : '-'));
}
