import type { IncomingMessage } from 'node:http';

/**
 * Reads the body of a request, at most `limit` bytes. Returns undefined if the body is longer; the
 * rest is then discarded so that the client can read the answer. Throws if the client disconnects.
 * (`for await` is not used because ending its loop destroys the request and the connection.)
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
    request.once('close', () => reject(new Error('The client disconnected before it sent the whole request.')));
    request.once('end', () => resolve(Buffer.concat(parts)));
    if (Number(request.headers['content-length'] ?? 0) > limit) return tooLong();
    request.on('data', (part: Buffer) => {
      length += part.length;
      if (length > limit) tooLong();
      else parts.push(part);
    });
  });
}
