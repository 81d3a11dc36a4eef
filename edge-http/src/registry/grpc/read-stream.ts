import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';

/** Messages that wait for the reader before the call is made to wait. grpc-js holds up to 16 more (its high-water mark). */
const HELD_MESSAGES = 2;

/** What a stream is read with. */
export interface ReadStreamOptions {
  /** Cancels the call; CANCELLED for the reader. */
  readonly signal: AbortSignal;
  /** Longest wait for one message; only time in which somebody waits counts. Milliseconds. */
  readonly idleMs: number;
  readonly clock: Clock;
  readonly toError: (error: ServiceError) => LayoverError;
}

/**
 * A server-streaming call, read message by message. The only place that knows ClientReadableStream
 * and its traps (docs/design/errors.md#grpc-streams): reading begins at once, since before the
 * first read nothing limits the sender; only cancel() tells the server that we leave; a failed call
 * emits 'end' too, after its 'error'. A failure is told at once, before messages that are still
 * held.
 */
export class ReadStream<Message> {
  private readonly held: Message[] = [];
  private waiting:
    { readonly resolve: (message: Message | undefined) => void; readonly reject: (error: unknown) => void } | undefined;
  private stopTimer: (() => void) | undefined;
  private failure: LayoverError | undefined;
  private ended = false;
  private readonly onAbort = (): void =>
    this.abandon(new LayoverError('CANCELLED', { message: 'the client has left' }));

  constructor(
    private readonly call: ClientReadableStream<Message>,
    private readonly options: ReadStreamOptions,
  ) {
    call.on('data', (message: Message) => this.take(message));
    call.on('end', () => this.finish());
    // Stays attached: after a cancel grpc-js still emits the CANCELLED status as an error.
    call.on('error', (error: Error) => this.fail(options.toError(error as ServiceError)));
    if (options.signal.aborted) this.onAbort();
    else options.signal.addEventListener('abort', this.onAbort);
  }

  /**
   * The next message, undefined at a good end; waits at most `idleMs`. One caller at a time. Rejects with the call's failure, TIMEOUT
   * or CANCELLED.
   */
  next(idleMs = this.options.idleMs): Promise<Message | undefined> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const message = this.held.shift();
    if (message !== undefined) {
      if (this.held.length < HELD_MESSAGES && this.call.isPaused()) this.call.resume();
      return Promise.resolve(message);
    }
    if (this.ended) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.stopTimer = this.options.clock.after(idleMs, () =>
        this.abandon(new LayoverError('TIMEOUT', { message: 'the data plane has sent nothing for too long' })),
      );
    });
  }

  /** Ends the call and lets go of everything; harmless after its end. */
  cancel(): void {
    this.abandon(new LayoverError('CANCELLED'));
  }

  private take(message: Message): void {
    const waiting = this.stopWaiting();
    if (waiting !== undefined) waiting.resolve(message);
    else if (this.held.push(message) >= HELD_MESSAGES) this.call.pause();
  }

  private finish(): void {
    this.ended = true;
    this.options.signal.removeEventListener('abort', this.onAbort);
    this.stopWaiting()?.resolve(undefined);
  }

  private fail(error: LayoverError): void {
    if (this.ended || this.failure !== undefined) return;
    this.failure = error;
    this.held.length = 0;
    this.options.signal.removeEventListener('abort', this.onAbort);
    this.stopWaiting()?.reject(error);
  }

  private abandon(error: LayoverError): void {
    if (this.ended || this.failure !== undefined) return;
    this.fail(error);
    this.call.cancel();
    // What was received and not read is thrown away, and the end of the call is seen.
    this.call.resume();
  }

  private stopWaiting(): typeof this.waiting {
    const { waiting } = this;
    this.waiting = undefined;
    this.stopTimer?.();
    this.stopTimer = undefined;
    return waiting;
  }
}
