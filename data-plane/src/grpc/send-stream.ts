import { constants } from 'node:http2';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { Condition } from '../../../common/async/condition';
import { LayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import type { Clock } from '../../../common/runtime/clock';

/** How a stream is sent. */
export interface SendStreamOptions {
  readonly clock: Clock;
  /** Milliseconds that a caller may take none of the messages that wait for it, before the call is cut. Default: 10 minutes. */
  readonly idleMs?: number;
  /** Told of a failure before it is sent (log). Not told when the caller left. */
  readonly onFailure?: (error: unknown) => void;
}

/** Messages handed to grpc-js and not yet taken by the connection; its own bound is 16, which is too much of 256 KiB each. */
const MESSAGES_AHEAD = 2;
/** A client of 1 KB/s takes a message of 256 KiB in more than four minutes. */
const IDLE_MS = 600_000;

/**
 * Sends what `produce` gives, at the pace of the caller, and ends the call: OK after the last message, with the failure as status when
 * it throws. Resolves when nothing is left to do; never rejects. `produce` is given a signal that aborts when the caller is gone
 * (cancelled, deadline, connection lost); it must make what it waits for end then. Its iteration is always begun, unless the call was
 * gone before, and always ended.
 *
 * Why by hand (grpc-js 1.14): pipeline() and destroy() on a call never send a status (grpc-node 1644); after a cancel no drain, error
 * or write callback comes; `cancelled` comes after every end, good ones too (grpc-node 2771).
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

/** One call, as far as sending needs to know it. */
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

  /** Gives a promise where the next message must wait; it resolves when there is room, or the caller is gone. */
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

  /** The status goes out after the messages that are on their way. */
  fail(error: unknown): void {
    this.call.emit('error', toGrpcFailure(error));
  }

  release(): void {
    this.call.off('cancelled', this.leave);
  }

  private readonly leave = (): void => {
    this.controller.abort(new LayoverError('CANCELLED', { message: 'the caller gave the call up' }));
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
   * Ends a call whose caller takes nothing. A status would wait behind the messages for ever, and grpc-js has no other way to end a
   * call, so its HTTP/2 stream is reset. Should a later grpc-js keep it elsewhere, the messages wait until the connection ends.
   */
  private cut(): void {
    this.options.onFailure?.(new LayoverError('TIMEOUT', { message: 'the caller did not take what it asked for' }));
    let inner: InnerCall | undefined = (this.call as unknown as { readonly call?: InnerCall }).call;
    while (inner?.nextCall !== undefined) inner = inner.nextCall;
    inner?.stream?.close(constants.NGHTTP2_CANCEL);
    this.leave();
  }
}

/** What grpc-js keeps inside a call: interceptors around the one with the HTTP/2 stream. */
interface InnerCall {
  readonly nextCall?: InnerCall;
  readonly stream?: { close(code: number): void };
}
