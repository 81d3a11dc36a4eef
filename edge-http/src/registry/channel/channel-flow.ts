import { withTimeout } from '../../../../common/async/deadline';
import { isLayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import type { ByteFlow } from '../registry-reader';
import { type ByteConnection, ConnectionLost } from './byte-connection';

/**
 * How long the reason of a lost connection is awaited, in milliseconds. The data plane ends the
 * call at the same time, unless it is gone itself, which gRPC notices a little later.
 */
const REASON_MS = 5_000;

/** Dependencies of ChannelFlow. */
export interface ChannelFlowParts {
  readonly connection: ByteConnection;
  /** The end of the call: resolves when all bytes were sent, and rejects with its failure. */
  readonly ended: Promise<unknown>;
  /** Aborts when the client left. */
  readonly signal: AbortSignal;
  /** Takes the connection back. */
  readonly release: (connection: ByteConnection) => void;
  readonly clock: Clock;
}

/** The bytes of a call that arrive over the byte channel. The call says why they end early. */
export class ChannelFlow implements ByteFlow {
  private isClosed = false;

  constructor(private readonly parts: ChannelFlowParts) {
    parts.ended.catch((error: unknown) => {
      // A connection that went to another call is not its business any more.
      if (!this.isClosed) parts.connection.fail(error);
    });
  }

  async next(): Promise<Buffer | undefined> {
    try {
      return await this.parts.connection.next();
    } catch (error) {
      return this.onlyConnectionLost(error instanceof ConnectionLost ? await this.reason() : error);
    }
  }

  /** Notes how many bytes the data plane has not sent yet. */
  announceUnsent(bytes: number): void {
    if (!this.isClosed) this.parts.connection.announceUnsent(bytes);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.parts.release(this.parts.connection);
  }

  /** Returns undefined if nothing but the connection failed. Throws the failure otherwise. */
  private onlyConnectionLost(failure: unknown): undefined {
    const isConnection = isLayoverError(failure) && failure.key === 'CANCELLED' && !this.parts.signal.aborted;
    if (failure !== undefined && !isConnection) throw failure;
  }

  /** Resolves with the failure of the call; undefined if there is none for now. */
  private reason(): Promise<unknown> {
    const { ended, clock } = this.parts;
    return withTimeout(
      clock,
      REASON_MS,
      ended.then(
        () => undefined,
        (error: unknown) => error,
      ),
      () => undefined,
    );
  }
}
