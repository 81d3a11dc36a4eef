import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * How many bytes of an unwanted body are read, and for how long, before the connection is closed.
 */
const MAX_BYTES = 1024 * 1024;
const MAX_MS = 1000;

/** Returns true if the request announces a body. Layover needs none. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0);
}

/**
 * Ends a completely written response to a client that may still be sending: first discards its body
 * for a short time. Closing a connection with unread bytes resets it, and the client then loses the
 * response (RFC 9112 section 9.6). Both time and bytes are limited.
 */
export function endAfterBody(request: IncomingMessage, response: ServerResponse): void {
  let taken = 0;
  const end = (): void => {
    clearTimeout(timer);
    request.off('data', count).off('end', end);
    response.off('close', end);
    if (!response.writableEnded) response.end();
  };
  const count = (chunk: Buffer): void => {
    taken += chunk.length;
    if (taken > MAX_BYTES) end();
  };
  const timer = setTimeout(end, MAX_MS);
  if (request.complete && request.readableEnded) {
    end();
    return;
  }
  request.on('data', count).on('end', end);
  response.on('close', end);
}
