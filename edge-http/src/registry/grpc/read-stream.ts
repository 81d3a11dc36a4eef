import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';

/**
 * Number of buffered messages at which the call is paused. grpc-js buffers up to 16 more (its
 * high-water mark).
 */
const HELD_MESSAGES = 2;

/** Finds out whether the connection of a call still carries anything. */
export interface SilenceWatch {
  /** How long a reader waits for a message before the watch is asked, and then again, in ms. */
  readonly afterMs: number;
  /** Call for every message. */
  heard(): void;
  /** Resolves to whether nothing comes over the connection. Never rejects. */
  isSilent(): Promise<boolean>;
}

/** Options of a read stream. */
export interface ReadStreamOptions {
  /** Cancels the call. The reader gets CANCELLED. */
  readonly signal: AbortSignal;
  /** Idle timeout of one message, in milliseconds. Only time during which a reader waits counts. */
  readonly idleMs: number;
  readonly clock: Clock;
  /** Ends the call with DATA_PLANE_UNAVAILABLE if its connection is silent. Default: no watch. */
  readonly silence?: SilenceWatch | undefined;
  readonly toError: (error: ServiceError) => LayoverError;
}

/**
 * Reads a server-streaming call message by message. Only this class deals with ClientReadableStream
 * and its pitfalls (docs/design/errors.md#grpc-streams): reading starts at once, because nothing
 * limits the sender before the first read; only cancel() tells the server that the reader left; a
 * failed call emits 'end' after 'error'. A failure is reported at once, before buffered messages.
 */
export class ReadStream<Message> {
  private readonly held: Message[] = [];
  private waiting:
    { readonly resolve: (message: Message | undefined) => void; readonly reject: (error: unknown) => void } | undefined;
  private stopTimer: (() => void) | undefined;
  private failure: LayoverError | undefined;
  private silent = false;
  private ended = false;
  private readonly onAbort = (): void =>
    this.abandon(new LayoverError('CANCELLED', { message: 'The client closed the connection.' }));

  constructor(
    private readonly call: ClientReadableStream<Message>,
    private readonly options: ReadStreamOptions,
  ) {
    call.on('data', (message: Message) => this.take(message));
    call.on('end', () => this.finish());
    // Stays attached, because grpc-js emits the CANCELLED status as an error after a cancel.
    call.on('error', (error: Error) => this.fail(options.toError(error as ServiceError)));
    if (options.signal.aborted) this.onAbort();
    else options.signal.addEventListener('abort', this.onAbort);
  }

  /**
   * Returns the next message, or undefined at the successful end. Waits at most `idleMs`. One
   * caller at a time. Rejects with the failure of the call, TIMEOUT or CANCELLED.
   */
  next(idleMs: number | 'unlimited' = this.options.idleMs): Promise<Message | undefined> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const message = this.held.shift();
    if (message !== undefined) {
      if (this.held.length < HELD_MESSAGES && this.call.isPaused()) this.call.resume();
      return Promise.resolve(message);
    }
    if (this.ended) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.startTimer(idleMs === 'unlimited' ? Infinity : idleMs, idleMs);
    });
  }

  /** Whether the call ended because its connection was silent. */
  get wasSilent(): boolean {
    return this.silent;
  }

  /** Ends the call with a failure, which the reader gets. */
  giveUp(failure: LayoverError): void {
    this.abandon(failure);
  }

  /** Ends the call and releases everything. Does nothing if it has already ended. */
  cancel(): void {
    this.abandon(new LayoverError('CANCELLED'));
  }

  /** Waits for the next message, and asks in between whether the connection is silent. */
  private startTimer(leftMs: number, idleMs: number | 'unlimited'): void {
    const { silence, clock } = this.options;
    const waitMs = Math.min(leftMs, silence?.afterMs ?? Infinity);
    if (waitMs === Infinity) return;
    this.stopTimer = clock.after(waitMs, () => {
      if (waitMs === leftMs) {
        this.abandon(
          new LayoverError('TIMEOUT', { message: `The data plane sent nothing for ${Number(idleMs) / 1000} s.` }),
        );
        return;
      }
      const { waiting } = this;
      void silence?.isSilent().then((isSilent) => {
        if (!isSilent || this.waiting !== waiting || waiting === undefined) return;
        this.silent = true;
        this.abandon(
          new LayoverError('DATA_PLANE_UNAVAILABLE', { message: 'The connection to the data plane is silent.' }),
        );
      });
      this.startTimer(leftMs - waitMs, idleMs);
    });
  }

  private take(message: Message): void {
    this.options.silence?.heard();
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
    // Discards buffered messages, so that the end of the call is seen.
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
