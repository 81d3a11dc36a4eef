import type { Socket } from 'node:net';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';

/** Dependencies of SocketWriter. */
export interface SocketWriterOptions {
  readonly clock: Clock;
  /** Milliseconds after which a write whose bytes are not taken fails. */
  readonly stallMs: number;
}

/**
 * Writes to a socket at the pace of the other side, one write at a time. Every write settles,
 * whatever happens to the socket.
 */
export class SocketWriter {
  private fail: ((reason: LayoverError) => void) | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly options: SocketWriterOptions,
  ) {
    // A write to a destroyed socket may never call back.
    socket.once('close', () => this.fail?.(connectionLost()));
  }

  /**
   * Writes a chunk. Resolves when the kernel has all its bytes and the buffer may be reused.
   * Rejects with CANCELLED if the connection ended, or took too long to take the bytes and is
   * destroyed for that; the buffer may then still be in use.
   */
  write(chunk: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) {
        reject(connectionLost());
        return;
      }
      const { clock, stallMs } = this.options;
      const cancelTimer = clock.after(stallMs, () => this.socket.destroy());
      this.fail = (reason) => {
        this.fail = undefined;
        cancelTimer();
        reject(reason);
      };
      this.socket.write(chunk, (error) => {
        cancelTimer();
        this.fail = undefined;
        if (error) reject(connectionLost(error));
        else resolve();
      });
    });
  }
}

function connectionLost(cause?: unknown): LayoverError {
  return new LayoverError('CANCELLED', {
    message: 'The connection to the edge ended before all bytes were sent.',
    cause,
  });
}
