import type { ServerResponse } from 'node:http';
import { LayoverError } from '../../../common/errors/layover-error';

/**
 * Writes a body of known length after the response head, at the client's pace. One write at a time.
 * Gives up on a client that reads nothing for `idleMs` while bytes wait for it, but not on one that
 * reads slowly. Time without bytes to send does not count.
 */
export class BodyWriter {
  /** Bytes that were passed to the kernel, or are being passed. */
  sent = 0;
  private fail: ((reason: LayoverError) => void) | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly length: number,
    idleMs: number,
  ) {
    // The socket restarts its timer with every byte that the kernel takes, also within one large
    // write.
    response.setTimeout(idleMs, () => {
      this.fail?.(new LayoverError('TIMEOUT', { message: `The client did not read for ${idleMs / 1000} s.` }));
    });
    response.once('close', () => this.fail?.(clientLeft()));
  }

  /**
   * Writes a chunk. Resolves when the kernel has all its bytes and the buffer may be reused.
   * Rejects with CANCELLED if the client left and with TIMEOUT if it stalled; the buffer may then
   * still be in use. Rejects with an Error, and writes nothing, if the body would exceed its
   * announced length.
   */
  write(chunk: Buffer): Promise<void> {
    if (this.sent + chunk.length > this.length)
      return Promise.reject(
        new Error(`A body of ${this.length} bytes must not get ${this.sent + chunk.length} bytes.`),
      );
    this.sent += chunk.length;
    return new Promise((resolve, reject) => {
      if (this.response.destroyed) {
        reject(clientLeft());
        return;
      }
      // A write to a destroyed socket may never call back. The 'close' event settles it.
      this.fail = (reason) => {
        this.fail = undefined;
        reject(reason);
      };
      this.response.write(chunk, (error) => {
        this.fail = undefined;
        if (error) reject(clientLeft(error));
        else resolve();
      });
    });
  }

  /**
   * Ends the response. Throws if bytes are missing (docs/design/delivery.md#broken-answers); the
   * caller then destroys the connection.
   */
  end(): void {
    if (this.sent !== this.length) throw new Error(`A body of ${this.length} bytes ended after ${this.sent} bytes.`);
    this.response.end();
  }
}

function clientLeft(cause?: unknown): LayoverError {
  return new LayoverError('CANCELLED', { message: 'The client closed the connection.', cause });
}
