import { connect } from 'node:net';
import { formatTicketRequest, HEAD_BYTES, isHeadFor } from '../../../../common/channel/channel-frames';
import type { BlobHeader__Output } from '../../../../proto/gen/layover/v1/BlobHeader';
import { PLANE_SECRET } from '../../../support/plane-secret';

/**
 * Reads the bytes of a header with the delivery CHANNEL from a data plane on this machine. Resolves
 * with fewer bytes if the connection is closed.
 */
export function readByteChannel({ channel, length }: BlobHeader__Output): Promise<Buffer> {
  const { ticket, port } = channel!;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const socket = connect(port!, '127.0.0.1', () => socket.write(formatTicketRequest(ticket, PLANE_SECRET)));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received >= HEAD_BYTES + length) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const all = Buffer.concat(chunks);
      if (all.length > 0 && !isHeadFor(all.subarray(0, HEAD_BYTES), ticket, PLANE_SECRET))
        reject(new Error('The answer is for another ticket'));
      else resolve(all.subarray(HEAD_BYTES));
    });
  });
}
