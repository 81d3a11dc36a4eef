import type { OnReadOpts, Socket } from 'node:net';
import { formatTicketRequest, HEAD_BYTES, isHeadFor } from '../../../../common/channel/channel-frames';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { BufferPair } from '../../../../common/files/buffer-pool';
import type { Clock } from '../../../../common/runtime/clock';
import { ReadAhead } from './read-ahead';

/** Size of the buffer for what arrives before the buffers of an answer are used, in bytes. */
const OWN_BYTES = 4096;

/**
 * Bytes that are given to a waiting consumer at once. Fewer wait for the end of the turn, because
 * further ones are often about to arrive: TLS delivers records of 16 KiB one by one.
 */
const ENOUGH_BYTES = 128 * 1024;

/** The connection was lost before all bytes arrived. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
}

/** The bytes to request. */
export interface ByteRequest {
  readonly ticket: Buffer;
  /** Number of bytes that the ticket stands for. */
  readonly length: number;
  /** Where the bytes are received; at least 64 KiB each. */
  readonly buffers: BufferPair;
}

/** Dependencies and time limits of ByteConnection, in milliseconds. */
export interface ByteConnectionOptions {
  /** The secret of the planes; '' if there is none. */
  readonly secret: string;
  readonly clock: Clock;
  /** From a request to the head of its answer, including the connection if it is new. */
  readonly headMs: number;
  /** Without bytes, while the consumer waits for them. */
  readonly silenceMs: number;
  /** How long bytes that the data plane has sent may take. */
  readonly arrivalMs: number;
  /** Called once when the connection is closed. */
  readonly onClosed: () => void;
}

interface Answer {
  readonly ticket: Buffer;
  readonly ahead: ReadAhead;
  /** Bytes that have not arrived. */
  left: number;
  /** Bytes that the data plane has not sent, as far as it has said. */
  unsent: number;
  hasHead: boolean;
}

/**
 * A connection to the byte channel of a data plane (docs/design/byte-channel.md#frames). Carries
 * one answer at a time. Bytes that nobody asked for close it.
 */
export class ByteConnection {
  private readonly socket: Socket;
  private readonly own = Buffer.allocUnsafeSlow(OWN_BYTES);
  private inOwn = 0;
  private answer: Answer | undefined;
  private failure: unknown;
  private waiting: Waiting<boolean> | undefined;
  private reading: Waiting<Buffer> | undefined;
  private isHandingOver = false;
  /** Why the connection was closed; undefined if the data plane closed it without an error. */
  problem: string | undefined;
  /** Whether bytes that were sent did not arrive. */
  swallowedBytes = false;

  /** Connects with `connect`, whose socket gets the options. */
  constructor(
    connect: (onread: OnReadOpts) => Socket,
    private readonly options: ByteConnectionOptions,
  ) {
    this.socket = connect({
      buffer: () => this.room,
      callback: (bytes) => this.receive(bytes),
    });
    this.socket.on('error', (error) => (this.problem = error.message));
    this.socket.once('close', () => {
      this.fail(new ConnectionLost());
      options.onClosed();
    });
  }

  /** Whether the connection can carry another answer. */
  get isOpen(): boolean {
    return this.failure === undefined;
  }

  /**
   * Requests bytes. Resolves with true when the data plane has accepted the request, and with false
   * if it does not, or not in time. The connection is closed then, and does not use the buffers.
   */
  request({ ticket, length, buffers }: ByteRequest): Promise<boolean> {
    if (!this.isOpen) return Promise.resolve(false);
    this.answer = { ticket, ahead: new ReadAhead(buffers), left: length, unsent: length, hasHead: false };
    return new Promise((resolve) => {
      const { clock, headMs, secret } = this.options;
      const late = (): void => this.abandon(`no answer within ${headMs / 1000} s`);
      this.waiting = waiter(clock, headMs, late, resolve, () => resolve(false));
      this.socket.write(formatTicketRequest(ticket, secret));
    });
  }

  /**
   * Resolves with the next bytes, which are valid until the next call. Rejects with ConnectionLost,
   * with TIMEOUT, or with the reason of `fail`.
   */
  next(): Promise<Buffer> {
    const { answer, failure } = this;
    if (answer === undefined) return Promise.reject(new Error('Bytes need a request.'));
    const chunk = this.takeChunk();
    // What arrived after a loss of the connection is whole if nothing is missing.
    if (failure !== undefined && (chunk === undefined || answer.left > 0)) return Promise.reject(failure as Error);
    if (chunk !== undefined) return Promise.resolve(chunk);
    return new Promise((resolve, reject) => this.waitForBytes(resolve, reject, answer, 0));
  }

  /** Notes how many bytes the data plane has not sent yet. */
  announceUnsent(bytes: number): void {
    if (this.answer !== undefined) this.answer.unsent = Math.min(this.answer.unsent, bytes);
  }

  /** Ends the answer. Returns whether the connection can carry another one; closes it otherwise. */
  finish(): boolean {
    const isWhole = this.answer?.hasHead === true && this.answer.left === 0;
    this.answer = undefined;
    this.inOwn = 0;
    if (!isWhole) this.fail(new ConnectionLost());
    return this.isOpen;
  }

  /** Closes the connection. Reads of its bytes reject with `reason`. */
  fail(reason: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = reason;
    this.socket.destroy();
    this.settleWaiting()?.reject(reason);
    this.settleReading()?.reject(reason);
  }

  /**
   * Waits for bytes, for `waitedMs` milliseconds already. If bytes that were sent do not arrive,
   * the connection swallows them (docs/design/many-nodes.md#silent-connections).
   */
  private waitForBytes(
    resolve: (bytes: Buffer) => void,
    reject: (reason: unknown) => void,
    answer: Answer,
    waitedMs: number,
  ): void {
    const { clock, silenceMs, arrivalMs } = this.options;
    const unsentBefore = answer.unsent;
    const late = (): void => {
      if (unsentBefore < answer.left) {
        this.swallowedBytes = true;
        this.abandon('bytes that were sent did not arrive');
      } else if (waitedMs + arrivalMs >= silenceMs)
        this.fail(new LayoverError('TIMEOUT', { message: `The data plane sent no bytes for ${silenceMs / 1000} s.` }));
      else this.waitForBytes(resolve, reject, answer, waitedMs + arrivalMs);
    };
    this.reading = waiter(clock, arrivalMs, late, resolve, reject);
  }

  private get room(): Buffer {
    const { answer } = this;
    if (answer === undefined || !answer.hasHead || answer.left === 0) return this.own.subarray(this.inOwn);
    return answer.ahead.room;
  }

  /** Returns false to pause. */
  private receive(bytes: number): boolean {
    const { answer } = this;
    if (answer === undefined || (answer.hasHead && answer.left === 0)) {
      this.abandon('it sent bytes that were not requested');
      return false;
    }
    return answer.hasHead ? this.take(answer, bytes) : this.receiveHead(answer, bytes);
  }

  private receiveHead(answer: Answer, bytes: number): boolean {
    this.inOwn += bytes;
    if (this.inOwn < HEAD_BYTES) return true;
    if (!isHeadFor(this.own.subarray(0, HEAD_BYTES), answer.ticket, this.options.secret)) {
      this.abandon('it does not know the secret of the planes, or answered another request');
      return false;
    }
    answer.hasHead = true;
    const more = this.own.subarray(HEAD_BYTES, this.inOwn);
    this.inOwn = 0;
    more.copy(answer.ahead.room);
    const goesOn = more.length === 0 || this.take(answer, more.length);
    this.settleWaiting()?.resolve(true);
    return goesOn;
  }

  private take(answer: Answer, bytes: number): boolean {
    if (bytes > answer.left) {
      this.abandon('it sent more bytes than requested');
      return false;
    }
    answer.left -= bytes;
    const { ahead } = answer;
    const isEnough = answer.left === 0 || ahead.length + bytes >= ENOUGH_BYTES;
    const reading = isEnough ? this.settleReading() : undefined;
    ahead.arrived(bytes, reading !== undefined);
    if (reading !== undefined) reading.resolve(ahead.take()!);
    else if (this.reading !== undefined) this.handOverSoon();
    // After the last byte, reading goes on to notice the end of the connection.
    return answer.left === 0 || !ahead.isFull;
  }

  /** Gives a few bytes to the consumer after the reads that are due now. */
  private handOverSoon(): void {
    if (this.isHandingOver) return;
    this.isHandingOver = true;
    setImmediate(() => {
      this.isHandingOver = false;
      const chunk = this.reading === undefined ? undefined : this.takeChunk();
      if (chunk !== undefined) this.settleReading()?.resolve(chunk);
    });
  }

  /** Takes what has arrived. Reading goes on if it was paused for lack of room. */
  private takeChunk(): Buffer | undefined {
    const ahead = this.answer?.ahead;
    if (ahead === undefined) return undefined;
    const wasFull = ahead.isFull;
    const chunk = ahead.take();
    if (wasFull && !ahead.isFull && this.isOpen) this.socket.resume();
    return chunk;
  }

  private abandon(problem: string): void {
    this.problem = problem;
    this.fail(new ConnectionLost());
  }

  private settleWaiting(): Waiting<boolean> | undefined {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.cancelTimer();
    return waiting;
  }

  private settleReading(): Waiting<Buffer> | undefined {
    const { reading } = this;
    this.reading = undefined;
    reading?.cancelTimer();
    return reading;
  }
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
  readonly cancelTimer: () => void;
}

function waiter<T>(
  clock: Clock,
  ms: number,
  onLate: () => void,
  resolve: (value: T) => void,
  reject: (reason: unknown) => void,
): Waiting<T> {
  return { resolve, reject, cancelTimer: clock.after(ms, onLate) };
}
