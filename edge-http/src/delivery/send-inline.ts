import type { BlobRead } from '../registry/registry-reader';
import type { BodyWriter } from './body-writer';

/**
 * Sends `length` bytes of the call at the client's pace: the data plane waits while a chunk is
 * written. Rejects with the error of the call or the client, and if the call ends too early.
 */
export async function sendInline(read: BlobRead, length: number, out: BodyWriter): Promise<void> {
  let left = length;
  while (left > 0) {
    const message = await read.next();
    if (message === undefined)
      throw new Error(`The data plane ended the call ${left} bytes before the end of the blob.`);
    if (message.kind !== 'chunk') continue;
    left -= message.bytes.length;
    await out.write(message.bytes);
  }
}
