import type { BlobRead } from '../registry/registry-reader';
import type { BodyWriter } from './body-writer';

/**
 * Sends `length` bytes that come over the call, at the client's pace: the data plane waits while a chunk is being written.
 * Rejects with what the call or the client brought about, and when the call ends before all bytes were there.
 */
export async function sendInline(read: BlobRead, length: number, out: BodyWriter): Promise<void> {
  let left = length;
  while (left > 0) {
    const message = await read.next();
    if (message === undefined) throw new Error(`the data plane ended ${left} bytes before the end of a blob`);
    if (message.kind !== 'chunk') continue;
    left -= message.bytes.length;
    await out.write(message.bytes);
  }
}
