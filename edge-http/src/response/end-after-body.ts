import type { IncomingMessage, ServerResponse } from 'node:http';

/** How much of a body that nobody wants is taken, and for how long, before the connection is closed. */
const MAX_BYTES = 1024 * 1024;
const MAX_MS = 1000;

/** Whether the request announces a body. Layover has no use for any. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0);
}

/**
 * Ends an answer, already written in full, to a client that may still be sending: its body is thrown away for a moment first. A connection that is closed with
 * bytes unread is reset, and clients then lose the answer (RFC 9112 section 9.6). Bounded: an endless body is cut off.
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
