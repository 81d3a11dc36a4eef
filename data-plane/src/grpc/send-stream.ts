import { constants } from 'node:http2';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { Condition } from '../../../common/async/condition';
import { LayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import type { Clock } from '../../../common/runtime/clock';

/** Settings of a stream. */
export interface SendStreamOptions {
  readonly clock: Clock;
  /**
   * Milliseconds after which a call is cut if its caller accepts none of the waiting messages.
   * Default: 10 minutes.
   */
  readonly idleMs?: number;
  /** Called with a failure before it is sent, to log it. Not called if the caller left. */
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Messages that are passed to grpc-js before the connection has accepted them. The limit of grpc-js
 * itself is 16, too many for messages of 256 KiB.
 */
const MESSAGES_AHEAD = 2;
/** A client with 1 KB/s needs more than four minutes for a message of 256 KiB. */
const IDLE_MS = 600_000;

/**
 * Sends the messages of `produce` at the pace of the caller and ends the call: with OK after the
 * last message, or with the failure as status if `produce` throws. Resolves when the call has
 * ended; never rejects. `produce` receives a signal that aborts when the caller is gone (cancelled,
 * deadline, lost connection); it must then end its waits. The iteration is always started, unless
 * the call was already gone, and always ended.
 *
 * The calls to grpc-js 1.14 are made by hand because pipeline() and destroy() never send a status
 * (grpc-node 1644). After a cancel, there is no drain, error or write callback. `cancelled` is
 * emitted after every end, also a successful one (grpc-node 2771).
 */
export async function sendStream<Request, Reply>(
  call: ServerWritableStream<Request, Reply>,
  produce: (signal: AbortSignal) => AsyncIterable<Reply>,
  options: SendStreamOptions,
): Promise<void> {
  const caller = new Caller(call, options);
  try {
    if (caller.isGone) return;
    for await (const message of produce(caller.signal)) {
      if (caller.isGone) return;
      const room = caller.send(message);
      if (room !== undefined) await room;
      if (caller.isGone) return;
    }
    caller.end();
  } catch (error) {
    if (caller.isGone) return;
    options.onFailure?.(error);
    caller.fail(error);
  } finally {
    caller.release();
  }
}

/** The state of one call that sending needs. */
class Caller<Request, Reply> {
  private readonly controller = new AbortController();
  private ahead = 0;
  private readonly changes = new Condition();

  constructor(
    private readonly call: ServerWritableStream<Request, Reply>,
    private readonly options: SendStreamOptions,
  ) {
    if (call.cancelled) this.leave();
    call.on('cancelled', this.leave);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get isGone(): boolean {
    return this.controller.signal.aborted;
  }

  /**
   * Returns a promise if the next message must wait. It resolves when there is room or the caller
   * is gone.
   */
  send(message: Reply): Promise<void> | undefined {
    this.ahead += 1;
    this.call.write(message, () => {
      this.ahead -= 1;
      this.changes.notifyAll();
    });
    return this.ahead < MESSAGES_AHEAD ? undefined : this.room();
  }

  end(): void {
    this.call.end();
  }

  /**
   * Ends the call with a status, which is sent after the messages that are already on their way.
   */
  fail(error: unknown): void {
    this.call.emit('error', toGrpcFailure(error));
  }

  release(): void {
    this.call.off('cancelled', this.leave);
  }

  private readonly leave = (): void => {
    this.controller.abort(new LayoverError('CANCELLED', { message: 'The caller cancelled the call.' }));
    this.changes.notifyAll();
  };

  private async room(): Promise<void> {
    let late = false;
    const cancelTimer = this.options.clock.after(this.options.idleMs ?? IDLE_MS, () => {
      late = true;
      this.changes.notifyAll();
    });
    while (this.ahead >= MESSAGES_AHEAD && !this.isGone && !late) {
      await this.changes.wait();
    }
    cancelTimer();
    if (late && !this.isGone && this.ahead >= MESSAGES_AHEAD) this.cut();
  }

  /**
   * Ends a call whose caller accepts no messages. A status would wait behind the messages forever,
   * and grpc-js has no other way to end a call, so this resets the HTTP/2 stream. If a later
   * grpc-js keeps the stream elsewhere, the messages wait until the connection ends.
   */
  private cut(): void {
    this.options.onFailure?.(
      new LayoverError('TIMEOUT', { message: 'The caller did not read the stream in time, so the call was cut.' }),
    );
    let inner: InnerCall | undefined = (this.call as unknown as { readonly call?: InnerCall }).call;
    while (inner?.nextCall !== undefined) inner = inner.nextCall;
    inner?.stream?.close(constants.NGHTTP2_CANCEL);
    this.leave();
  }
}

/** The internals of a grpc-js call: interceptors around the call that holds the HTTP/2 stream. */
interface InnerCall {
  readonly nextCall?: InnerCall;
  readonly stream?: { close(code: number): void };
}
