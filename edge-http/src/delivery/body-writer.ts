import type { ServerResponse } from 'node:http';
import { LayoverError } from '../../../common/errors/layover-error';

/**
 * Writes a body of known length behind a head that is out, at the client's pace. One write at a time.
 * A client that takes nothing for `idleMs` while bytes wait for it is given up; one that takes a little now and then is not, however slow.
 * Time during which we have nothing to send does not count.
 */
export class BodyWriter {
  /** Bytes handed to the kernel, or about to be. */
  sent = 0;
  private fail: ((reason: LayoverError) => void) | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly length: number,
    idleMs: number,
  ) {
    // The socket's timer is started again by every byte that the kernel takes, also within one large write.
    response.setTimeout(idleMs, () => {
      this.fail?.(new LayoverError('TIMEOUT', { message: 'the client has taken no bytes for too long' }));
    });
    response.once('close', () => this.fail?.(left()));
  }

  /**
   * Resolves when the kernel has all bytes: the buffer may be used again. Rejects with CANCELLED when the client has left, TIMEOUT when it stalls;
   * the buffer may then still be in use. More bytes than the length that was announced are a bug of whoever sends them: nothing of them goes out.
   */
  write(chunk: Buffer): Promise<void> {
    if (this.sent + chunk.length > this.length)
      return Promise.reject(new Error(`a body of ${this.length} bytes was to get ${this.sent + chunk.length}`));
    this.sent += chunk.length;
    return new Promise((resolve, reject) => {
      if (this.response.destroyed) {
        reject(left());
        return;
      }
      // A write to a destroyed socket may never call back: 'close' settles it.
      this.fail = (reason) => {
        this.fail = undefined;
        reject(reason);
      };
      this.response.write(chunk, (error) => {
        this.fail = undefined;
        if (error) reject(left(error));
        else resolve();
      });
    });
  }

  /**
   * Ends the answer. Throws when bytes are missing (docs/design/delivery.md#broken-answers): the
   * caller destroys the connection.
   */
  end(): void {
    if (this.sent !== this.length) throw new Error(`a body of ${this.length} bytes ended after ${this.sent}`);
    this.response.end();
  }
}

function left(cause?: unknown): LayoverError {
  return new LayoverError('CANCELLED', { message: 'the client has left', cause });
}
