import type { IncomingHttpHeaders } from 'node:http';

/** Headers that proxies add to the requests that they pass on, in lower case. */
const PROXY_HEADERS = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

/**
 * Returns true if a request came through a proxy (RFC 7239; RFC 9110 section 7.6.3), or if its
 * client claims so.
 */
export function isForwarded(headers: IncomingHttpHeaders): boolean {
  return PROXY_HEADERS.some((name) => headers[name] !== undefined);
}
