import type {
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  sendUnaryData,
  ServerErrorResponse,
  ServerWritableStream,
  ServiceError,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Tracer } from '../tracing/tracer';
import { failureKey } from './error-status';
import { TRACEPARENT } from './trace-calls';

/** A finished call to a server. */
export interface CallEnd {
  readonly method: string;
  /** `ok`, or the key of the error (common/errors/catalogue.ts). */
  readonly outcome: string;
  readonly seconds: number;
  /** Set by the edge. Empty if the request has none. */
  readonly requestId: string;
}

/** Receives the events of a server's calls. */
export interface CallObserver {
  readonly tracer: Tracer;
  /** Called when a call with a response stream starts. */
  readonly onStream?: (method: string) => void;
  /** Called once per call when it ends. `streamed` is true if onStream was called for it. */
  readonly onEnd: (end: CallEnd, streamed: boolean) => void;
}

type Service = Readonly<Record<string, { readonly path: string; readonly responseStream: boolean }>>;

/**
 * Wraps the handlers of a service: reports each call to the observer when it ends and, if the
 * caller traces, records a span below the caller's. Does not change the behaviour of the handlers.
 */
export function observeCalls<Handlers extends object>(
  service: Service,
  handlers: Handlers,
  observer: CallObserver,
): Handlers {
  const watched: UntypedServiceImplementation = {};
  for (const [method, handler] of Object.entries(handlers)) {
    const { path, responseStream } = service[method]!;
    watched[method] = responseStream
      ? observeStream(method, path, handler as handleServerStreamingCall<unknown, unknown>, observer)
      : observeUnary(method, path, handler as handleUnaryCall<unknown, unknown>, observer);
  }
  return watched as Handlers;
}

function observeUnary(
  method: string,
  path: string,
  handler: handleUnaryCall<unknown, unknown>,
  observer: CallObserver,
): handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    const watched = begin(beginningOf(method, path, call, observer), observer, false);
    const answer: sendUnaryData<unknown> = (error, ...rest) => {
      watched.end(error === null ? 'ok' : keyOf(error));
      callback(error, ...rest);
    };
    watched.run(() => handler(call, answer));
  };
}

function observeStream(
  method: string,
  path: string,
  handler: handleServerStreamingCall<unknown, unknown>,
  observer: CallObserver,
): handleServerStreamingCall<unknown, unknown> {
  return (call) => {
    observer.onStream?.(method);
    const watched = begin(beginningOf(method, path, call, observer), observer, true);
    let failure: string | undefined;
    call.once('error', (error: ServerErrorResponse) => (failure = keyOf(error)));
    // grpc-js emits 'cancelled' at the end of every stream, successful ones too (grpc-node issue
    // 2771).
    call.once('cancelled', () => watched.end(failure ?? (call.writableEnded ? 'ok' : 'CANCELLED')));
    watched.run(() => handler(call));
  };
}

/** A call that is being answered. */
export interface WatchedCall {
  /** Runs `work` within the span of the call. */
  run(work: () => void): void;
  /** Reports the end. `outcome`: see CallEnd. Only the first end counts. */
  end(outcome: string): void;
}

/** Reports calls that do not have a gRPC call of their own to the observer. */
export class CallWatch {
  constructor(
    /** The service in the names of spans: `layover.v1.Registry`. */
    private readonly service: string,
    private readonly observer: CallObserver,
  ) {}

  /** A call begins. `traceparent` is the caller's; empty if it does not trace. */
  begin(method: string, traceparent: string, requestId: string): WatchedCall {
    const { isOn } = this.observer.tracer;
    const caller = isOn && traceparent !== '' ? traceparent : undefined;
    const call = { method, span: `${this.service}/${method}`, traceparent: caller, requestId };
    return begin(call, this.observer, false);
  }
}

interface BeginningCall {
  readonly method: string;
  readonly span: string;
  readonly traceparent: string | undefined;
  readonly requestId: string;
}

function begin(
  { method, span: name, traceparent, requestId }: BeginningCall,
  { tracer, onEnd }: CallObserver,
  streamed: boolean,
): WatchedCall {
  const startedAt = performance.now();
  const span =
    traceparent === undefined
      ? undefined
      : tracer.start(name, {
          kind: 'server',
          parent: { traceparent },
          attributes: { 'rpc.system': 'grpc', ...(requestId === '' ? {} : { 'layover.request_id': requestId }) },
        });
  let over = false;
  return {
    run: (work) => (span === undefined ? work() : tracer.within(span, work)),
    end(outcome) {
      if (over) return;
      over = true;
      onEnd({ method, outcome, seconds: (performance.now() - startedAt) / 1000, requestId }, streamed);
      if (outcome !== 'ok') span?.fail(outcome);
      span?.end();
    },
  };
}

function beginningOf(
  method: string,
  path: string,
  call: { readonly metadata: Metadata; readonly request: unknown },
  { tracer }: CallObserver,
): BeginningCall {
  const [traceparent] = tracer.isOn ? call.metadata.get(TRACEPARENT) : [];
  return {
    method,
    span: path.slice(1),
    traceparent: typeof traceparent === 'string' ? traceparent : undefined,
    requestId: requestIdOf(call.request),
  };
}

/**
 * Returns the request id of a request, or an empty text. Requests of the edge carry it in
 * `context`, admissions in a field of their own.
 */
export function requestIdOf(request: unknown): string {
  const { context, requestId } = request as {
    readonly context?: { readonly requestId?: unknown } | null;
    readonly requestId?: unknown;
  };
  const id = context?.requestId ?? requestId;
  return typeof id === 'string' ? id : '';
}

function keyOf(error: ServerErrorResponse | Partial<ServiceError> | ServerWritableStream<unknown, unknown>): string {
  return failureKey(error as Partial<ServiceError>);
}
