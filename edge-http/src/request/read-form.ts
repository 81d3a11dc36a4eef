import type { Exchange } from './exchange';
import { requestError } from './request-error';

/** Longest form, in bytes. The names and secrets of a login and a hundred scopes are shorter. */
const MAX_FORM_BYTES = 32 * 1024;
const FORM = 'application/x-www-form-urlencoded';

/**
 * Reads the body of a request as a form. Throws REQUEST_INVALID for another media type and for a
 * body that is too long. Rejects if the connection breaks; the listener limits the time.
 */
export async function readForm({ request, response }: Exchange): Promise<URLSearchParams> {
  const type = request.headers['content-type']?.split(';', 1)[0]!.trim().toLowerCase();
  if (type !== FORM) throw requestError('REQUEST_INVALID', 'Content-Type', type ?? '', `must be ${FORM}`);
  if (request.headers.expect !== undefined) response.writeContinue();
  const chunks: Buffer[] = [];
  let length = 0;
  // Not for-await: it would destroy the connection, and with it the error response.
  await new Promise<void>((resolve, reject) => {
    const done = (): void => void request.off('data', take).off('end', end).off('error', fail).off('close', fail);
    const end = (): void => {
      done();
      resolve();
    };
    const fail = (): void => {
      done();
      reject(requestError('REQUEST_INVALID', 'body', '', 'ended early'));
    };
    const take = (chunk: Buffer): void => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= MAX_FORM_BYTES) return;
      done();
      reject(requestError('REQUEST_INVALID', 'body', '', `is longer than ${MAX_FORM_BYTES} bytes`));
    };
    request.on('data', take).on('end', end).on('error', fail).on('close', fail);
  });
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
