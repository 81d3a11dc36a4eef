import { LayoverError } from '../../../../common/errors/layover-error';
import { type CallKind, methodOf } from '../../../../common/grpc/registry-calls';
import type { Clock } from '../../../../common/runtime/clock';
import type { Span, Tracer } from '../../../../common/tracing/tracer';
import type { RegistryClient } from '../../../../proto/gen/layover/v1/Registry';
import { CallStream, type NewCall } from './call-stream';

/** A call on its way. */
export interface SentCall {
  /** Forgets the call, whose `done` is not called any more. Without effect if it has ended. */
  cancel(): void;
}

const NOT_SENT: SentCall = { cancel: () => undefined };

/**
 * All small calls to one data plane. Opens the stream with the first call, and another one with the
 * first call after it has ended.
 */
export class PlaneCalls {
  private stream: CallStream | undefined;
  private isClosed = false;

  constructor(
    /** Must not trace: the stream belongs to no request. */
    private readonly client: RegistryClient,
    private readonly clock: Clock,
    private readonly tracer: Tracer,
  ) {}

  /** Sends a call. With a span, records one below it and sends it along. */
  send<K extends CallKind>(call: Omit<NewCall<K>, 'traceparent'>, parent: Span | undefined): SentCall {
    const stream = this.current();
    if (stream === undefined) {
      setImmediate(() => call.done(new LayoverError('DATA_PLANE_UNAVAILABLE'), undefined));
      return NOT_SENT;
    }
    if (parent === undefined) {
      const id = stream.send({ ...call, traceparent: undefined });
      return { cancel: () => stream.cancel(id) };
    }
    const { traceparent } = parent;
    const span = this.tracer.start(`layover.v1.Registry/${methodOf(call.kind)}`, {
      kind: 'client',
      parent: { traceparent },
      attributes: { 'rpc.system': 'grpc' },
    });
    const done: NewCall<K>['done'] = (failure, reply) => {
      if (failure !== undefined) span.fail(failure.key);
      span.end();
      call.done(failure, reply);
    };
    const id = stream.send({ ...call, done, traceparent: span.traceparent });
    return {
      cancel: () => {
        stream.cancel(id);
        span.fail('CANCELLED');
        span.end();
      },
    };
  }

  /** Starts no stream any more. Running calls continue. */
  close(): void {
    this.isClosed = true;
    this.stream?.close();
  }

  private current(): CallStream | undefined {
    if (this.isClosed) return undefined;
    if (this.stream === undefined || this.stream.isOver)
      this.stream = new CallStream(this.client.answerCalls(), this.clock);
    return this.stream;
  }
}
