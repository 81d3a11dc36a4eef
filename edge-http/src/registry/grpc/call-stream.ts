import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { LayoverError } from '../../../../common/errors/layover-error';
import { decodeFailure, fromGrpcError, isNodeLost } from '../../../../common/grpc/error-status';
import {
  CALL_SWEEP_MS,
  type CallKind,
  type CallMessage,
  type CallReply,
  MAX_BATCHED_CALLS,
  MAX_OPEN_CALLS,
} from '../../../../common/grpc/registry-calls';
import type { Clock } from '../../../../common/runtime/clock';
import type { Answer__Output } from '../../../../proto/gen/layover/v1/Answer';
import type { AnswerBatch__Output } from '../../../../proto/gen/layover/v1/AnswerBatch';
import type { Call } from '../../../../proto/gen/layover/v1/Call';
import type { CallBatch } from '../../../../proto/gen/layover/v1/CallBatch';

/** A call to be sent. */
export interface NewCall<K extends CallKind> {
  readonly kind: K;
  readonly message: CallMessage<K>;
  /** When the caller gives up, as Clock.steady. */
  readonly dueAt: number;
  /** The caller's span in the format of W3C Trace Context. */
  readonly traceparent: string | undefined;
  /**
   * Called once, unless the call is cancelled: with the failure, or with the reply. Never throws.
   */
  readonly done: (failure: LayoverError | undefined, reply: CallReply<K> | undefined) => void;
}

interface OpenCall {
  readonly kind: CallKind;
  readonly dueAt: number;
  readonly done: (failure: LayoverError | undefined, reply: never) => void;
}

/**
 * The calls of an edge to one data plane on one stream (Registry.AnswerCalls). The calls of one
 * turn of the event loop travel in one message. When the stream ends, all calls without an answer
 * fail with DATA_PLANE_UNAVAILABLE, and so do new ones: the owner then opens another stream.
 */
export class CallStream {
  private readonly open = new Map<number, OpenCall>();
  private queued: Call[] = [];
  private cancelled: number[] = [];
  private lastId = 0;
  private willFlush = false;
  /** Whether the stream accepts nothing more for now. */
  private isFull = false;
  private isClosing = false;
  private cancelSweep: (() => void) | undefined;
  private over = false;

  constructor(
    private readonly stream: ClientDuplexStream<CallBatch, AnswerBatch__Output>,
    private readonly clock: Clock,
  ) {
    stream.on('data', ({ answers }: AnswerBatch__Output) => answers.forEach((answer) => this.take(answer)));
    stream.on('drain', () => {
      this.isFull = false;
      this.flush();
    });
    // Stays attached: grpc-js emits 'end' after an error too.
    stream.on('error', (error: ServiceError) => this.fail(toFailure(error)));
    stream.on('end', () => this.fail(lost('The data plane ended the stream.')));
  }

  /** Whether the stream has ended. */
  get isOver(): boolean {
    return this.over;
  }

  /** Sends a call. Returns its id on this stream. */
  send<K extends CallKind>({ kind, message, dueAt, traceparent, done }: NewCall<K>): number {
    const id = this.nextId();
    if (this.over || this.open.size >= MAX_OPEN_CALLS) {
      const why = this.over ? 'The stream has ended.' : 'Too many calls wait for an answer of the data plane.';
      setImmediate(() => done(lost(why), undefined));
      return id;
    }
    this.open.set(id, { kind, dueAt, done });
    const timeoutMs = Math.max(dueAt - this.clock.steady(), 1);
    this.queued.push({ id, timeoutMs, ...(traceparent === undefined ? {} : { traceparent }), [kind]: message });
    this.flushSoon();
    this.sweepLater();
    return id;
  }

  /** Forgets a call, and tells the data plane. Without effect if it has ended. */
  cancel(id: number): void {
    if (!this.open.delete(id)) return;
    const at = this.queued.findIndex((call) => call.id === id);
    if (at >= 0) this.queued.splice(at, 1);
    else this.cancelled.push(id);
    this.flushSoon();
    this.endIfIdle();
  }

  /** Ends the stream when its last call has ended. */
  close(): void {
    this.isClosing = true;
    this.endIfIdle();
  }

  private nextId(): number {
    do this.lastId = (this.lastId % 0xffff_ffff) + 1;
    while (this.open.has(this.lastId));
    return this.lastId;
  }

  private take(answer: Answer__Output): void {
    const { id } = answer;
    const call = this.open.get(id);
    // A cancelled call may have been answered before the data plane knew.
    if (call === undefined) return;
    this.open.delete(id);
    if (answer.result === call.kind) call.done(undefined, answer[call.kind] as never);
    else if (answer.result === 'failure') call.done(decodeFailure(answer.failure!), undefined as never);
    else call.done(unexpected(call.kind, answer.result), undefined as never);
    this.endIfIdle();
  }

  private flushSoon(): void {
    if (this.willFlush) return;
    this.willFlush = true;
    setImmediate(() => {
      this.willFlush = false;
      this.flush();
    });
  }

  private flush(): void {
    while (!this.over && !this.isFull && (this.queued.length > 0 || this.cancelled.length > 0)) {
      const calls = this.queued.length <= MAX_BATCHED_CALLS ? this.queued : this.queued.slice(0, MAX_BATCHED_CALLS);
      this.queued = calls === this.queued ? [] : this.queued.slice(MAX_BATCHED_CALLS);
      const { cancelled } = this;
      this.cancelled = [];
      this.isFull = !this.stream.write(cancelled.length === 0 ? { calls } : { calls, cancelled });
    }
    this.endIfIdle();
  }

  private sweepLater(): void {
    this.cancelSweep ??= this.clock.after(CALL_SWEEP_MS, () => {
      this.cancelSweep = undefined;
      const now = this.clock.steady();
      for (const [id, call] of this.open) if (call.dueAt <= now) this.expire(id, call);
      if (this.open.size > 0) this.sweepLater();
    });
  }

  private expire(id: number, call: OpenCall): void {
    this.cancel(id);
    call.done(new LayoverError('TIMEOUT'), undefined as never);
  }

  private endIfIdle(): void {
    if (!this.isClosing || this.over || this.open.size > 0 || this.queued.length > 0 || this.willFlush) return;
    this.over = true;
    this.stream.end();
  }

  private fail(failure: LayoverError): void {
    if (this.over && this.open.size === 0) return;
    this.over = true;
    this.cancelSweep?.();
    this.stream.end();
    const calls = [...this.open.values()];
    this.open.clear();
    this.queued = [];
    this.cancelled = [];
    for (const { done } of calls) done(failure, undefined as never);
  }
}

function lost(message: string): LayoverError {
  return new LayoverError('DATA_PLANE_UNAVAILABLE', { message });
}

/** This side never cancels the stream, so CANCELLED means that the data plane was stopped. */
function toFailure(error: ServiceError): LayoverError {
  if (isNodeLost(error)) return new LayoverError('DATA_PLANE_UNAVAILABLE', { cause: error });
  return fromGrpcError(error, 'DATA_PLANE_UNAVAILABLE');
}

function unexpected(kind: CallKind, result: string | undefined): LayoverError {
  return new LayoverError('INTERNAL', { cause: new Error(`A call ${kind} was answered with ${result ?? 'nothing'}.`) });
}
