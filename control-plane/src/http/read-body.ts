import type { IncomingMessage } from 'node:http';

/**
 * Reads a request's body of at most `limit` bytes; undefined when it is longer: the rest is let through unread, so that
 * the client can still read the answer. Throws when the client leaves. (Not `for await`: leaving that loop, or finishing
 * it, destroys the request and with it the connection.)
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    const tooLong = (): void => {
      request.removeAllListeners('data');
      request.resume();
      resolve(undefined);
    };
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client left before its request was whole')));
    request.once('end', () => resolve(Buffer.concat(parts)));
    if (Number(request.headers['content-length'] ?? 0) > limit) return tooLong();
    request.on('data', (part: Buffer) => {
      length += part.length;
      if (length > limit) tooLong();
      else parts.push(part);
    });
  });
}
