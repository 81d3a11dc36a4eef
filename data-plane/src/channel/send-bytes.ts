import type { BufferLease } from '../../../common/files/buffer-pool';
import type { OfferedBytes } from './byte-offers';
import type { SocketWriter } from './socket-writer';

/**
 * Sends the bytes of an offer: reads into one buffer while the other one is written, so that disk
 * and network do not wait for each other, and nothing is allocated per chunk. Counts bytes after
 * the kernel has taken them. Rejects with the failure of the blob or of the connection. Releases
 * the buffers.
 */
export async function sendBytes(
  { reader, range, signal, onServed }: OfferedBytes,
  out: SocketWriter,
  lease: BufferLease,
): Promise<void> {
  let written: Promise<void> | undefined;
  let idle = false;
  try {
    for await (const chunk of reader.read(range.offset, range.length, signal, lease.buffers)) {
      await written;
      written = out.write(chunk).then(() => onServed?.(chunk.length));
      // Awaited in the next round. Until then, a rejection must not count as unhandled.
      written.catch(() => undefined);
    }
    await written;
    idle = true;
  } finally {
    lease.release(idle);
  }
}
