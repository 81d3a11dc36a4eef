import type { ChannelSupply } from './blob-supply';
import type { BodyWriter } from './body-writer';

/**
 * Sends `length` bytes of the byte channel at the client's pace: while a chunk is written, the next
 * one arrives in the other buffer. Returns false if only the connection was lost; the bytes sent so
 * far are valid, and the rest must come from elsewhere. Rejects with the failure of the blob, the
 * data plane or the client. Ends the flow and releases the buffers.
 */
export async function sendChannel({ flow, lease }: ChannelSupply, length: number, out: BodyWriter): Promise<boolean> {
  let idle = false;
  try {
    for (let left = length; left > 0;) {
      idle = true;
      const chunk = await flow.next();
      if (chunk === undefined) return false;
      left -= chunk.length;
      idle = false;
      await out.write(chunk);
    }
    idle = true;
    return true;
  } finally {
    flow.close();
    lease.release(idle);
  }
}
