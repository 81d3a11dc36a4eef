import type { ServerDuplexStream } from '@grpc/grpc-js';
import { LayoverError } from '../../../../common/errors/layover-error';
import { encodeFailure } from '../../../../common/grpc/error-status';
import { type CallWatch, requestIdOf } from '../../../../common/grpc/observe-calls';
import { CALL_SWEEP_MS, type CallKind, MAX_OPEN_CALLS, methodOf } from '../../../../common/grpc/registry-calls';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { Answer } from '../../../../proto/gen/layover/v1/Answer';
import type { AnswerBatch } from '../../../../proto/gen/layover/v1/AnswerBatch';
import type { Call__Output } from '../../../../proto/gen/layover/v1/Call';
import type { CallBatch__Output } from '../../../../proto/gen/layover/v1/CallBatch';
import { logFailure } from '../unary';
import { AnswerQueue } from './answer-queue';
import type { CallTable } from './call-table';

/** Dependencies of AnsweredStream. */
export interface AnsweredStreamParts {
  readonly table: CallTable;
  readonly watch: CallWatch;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A call that is being answered. */
interface OpenCall {
  readonly controller: AbortController;
  /** As Clock.steady. */
  readonly dueAt: number;
}

/**
 * One stream of small calls: runs each call as it arrives, and answers it in the next message. A
 * call that is cancelled or late is aborted and gets no answer. When the stream is lost, all calls
 * on it are aborted. While the edge does not take its answers, no calls are read.
 */
export class AnsweredStream {
  private readonly open = new Map<number, OpenCall>();
  private readonly answers: AnswerQueue;
  private cancelSweep: (() => void) | undefined;
  private isDraining = false;
  private over = false;

  constructor(
    private readonly stream: ServerDuplexStream<CallBatch__Output, AnswerBatch>,
    private readonly parts: AnsweredStreamParts,
    private readonly onOver: () => void,
  ) {
    this.answers = new AnswerQueue(stream, () => this.endIfIdle());
    stream.on('data', (batch: CallBatch__Output) => this.take(batch));
    // The edge sends no more calls, but still takes the answers.
    stream.on('end', () => this.drain());
    // grpc-js emits this at every end of a call, also a successful one (grpc-node 2771).
    stream.on('cancelled', () => this.lost());
    stream.on('error', () => this.lost());
  }

  /** Refuses new calls, and ends the stream when the last call has ended. */
  drain(): void {
    this.isDraining = true;
    this.endIfIdle();
  }

  private take({ calls, cancelled }: CallBatch__Output): void {
    for (const id of cancelled) this.abort(id);
    for (const call of calls) this.run(call);
  }

  private run(call: Call__Output): void {
    const { id, request: kind, timeoutMs } = call;
    const refusal = this.refusalOf(kind);
    if (kind === undefined || refusal !== undefined) {
      this.answers.add({ id, failure: encodeFailure(refusal) });
      return;
    }
    const { watch, clock, table } = this.parts;
    const controller = new AbortController();
    const opened: OpenCall = { controller, dueAt: timeoutMs === 0 ? Infinity : clock.steady() + timeoutMs };
    this.open.set(id, opened);
    this.sweepLater();
    const message = call[kind];
    const watched = watch.begin(methodOf(kind), call.traceparent, requestIdOf(message));
    watched.run(() => {
      (table[kind] as (message: unknown, signal: AbortSignal) => Promise<object>)(message, controller.signal).then(
        (reply) => {
          watched.end('ok');
          this.answer(id, opened, { id, [kind]: reply }, kind);
        },
        (thrown: unknown) => {
          watched.end(outcomeOf(thrown));
          logFailure(this.parts.logger, methodOf(kind), thrown, requestIdOf(message));
          this.answer(id, opened, { id, failure: encodeFailure(thrown) }, kind);
        },
      );
    });
  }

  private refusalOf(kind: CallKind | undefined): LayoverError | undefined {
    if (this.isDraining) return new LayoverError('DATA_PLANE_UNAVAILABLE', { message: 'This data plane is stopping.' });
    if (this.open.size >= MAX_OPEN_CALLS)
      return new LayoverError('DATA_PLANE_UNAVAILABLE', {
        message: `More than ${MAX_OPEN_CALLS} calls of one edge wait for their answers.`,
      });
    if (kind === undefined)
      return new LayoverError('REQUEST_INVALID', {
        message: 'The data plane does not know this kind of call: the edge is newer than the data plane.',
      });
    return undefined;
  }

  /** Without effect for a call that was aborted: nobody waits for its answer. */
  private answer(id: number, opened: OpenCall, answer: Answer, kind: CallKind): void {
    if (this.over || this.open.get(id) !== opened) return;
    this.open.delete(id);
    this.answers.add(answer, kind);
  }

  private abort(id: number): void {
    const call = this.open.get(id);
    if (call === undefined) return;
    this.open.delete(id);
    call.controller.abort(new LayoverError('CANCELLED'));
    this.endIfIdle();
  }

  private sweepLater(): void {
    const { clock } = this.parts;
    this.cancelSweep ??= clock.after(CALL_SWEEP_MS, () => {
      this.cancelSweep = undefined;
      const now = clock.steady();
      for (const [id, { dueAt }] of this.open) if (dueAt <= now) this.abort(id);
      if (this.open.size > 0) this.sweepLater();
    });
  }

  private endIfIdle(): void {
    if (!this.isDraining || this.over || this.open.size > 0 || !this.answers.isEmpty) return;
    this.finish();
    this.stream.end();
  }

  private lost(): void {
    if (this.over) return;
    this.finish();
    this.answers.clear();
    for (const id of [...this.open.keys()]) this.abort(id);
  }

  private finish(): void {
    this.over = true;
    this.cancelSweep?.();
    this.onOver();
  }
}

function outcomeOf(thrown: unknown): string {
  return thrown instanceof LayoverError ? thrown.key : 'INTERNAL';
}
