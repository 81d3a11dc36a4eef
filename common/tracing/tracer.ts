import { toLayoverError } from '../errors/layover-error';

/** Side of a call that a span describes. All other spans are internal. */
export type SpanKind = 'server' | 'client' | 'internal';

/** Attributes of a span. Never a secret: no tokens, headers, query strings or URLs. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** Options of a new span. */
export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /**
   * Parent of the span. Default: the active span. A `traceparent` (W3C Trace Context) makes the
   * span a child of the caller's. An invalid or undefined one, and `root`, start a trace.
   */
  readonly parent?: 'active' | 'root' | { readonly traceparent: string | undefined };
  /** A related span, of any trace. */
  readonly link?: Span;
}

/** One operation. Its creator ends it. */
export interface Span {
  /** Value of the `traceparent` header; undefined if nothing is traced. */
  readonly traceparent: string | undefined;
  set(name: string, value: string | number | boolean): void;
  /** Marks the span as failed. `what` is an error key or a status, from a closed set. */
  fail(what: string): void;
  /** Ends the span. Further calls are harmless. */
  end(): void;
}

/** Tracer of one plane. Passed by constructor, because a process may contain several planes. */
export interface Tracer {
  /** True if tracing is on. Otherwise callers can skip preparations for spans. */
  readonly isOn: boolean;
  start(name: string, options?: SpanOptions): Span;
  /** Returns the span of the current asynchronous context. */
  active(): Span | undefined;
  /** Runs `work`, and everything that it starts, within the span. */
  within<T>(span: Span, work: () => T): T;
  /** Sends the remaining spans, for at most two seconds, and stops. Never rejects. */
  stop(): Promise<void>;
}

/** Span that records nothing. */
export const NO_SPAN: Span = {
  traceparent: undefined,
  set: () => undefined,
  fail: () => undefined,
  end: () => undefined,
};

/** Tracer that records nothing. */
export const NO_TRACER: Tracer = {
  isOn: false,
  start: () => NO_SPAN,
  active: () => undefined,
  within: (_span, work) => work(),
  stop: () => Promise.resolve(),
};

/**
 * Runs `work` in a child of the active span. Without an active span nothing is traced, so
 * background work (heartbeats, deliveries, collections) creates no traces. If `work` rejects, marks
 * the span as failed with the key of the error and rejects with the same error.
 */
export async function traced<T>(
  tracer: Tracer,
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  if (!tracer.isOn || tracer.active() === undefined) return work(NO_SPAN);
  const span = tracer.start(name, options);
  try {
    return await tracer.within(span, () => work(span));
  } catch (error) {
    span.fail(toLayoverError(error).key);
    throw error;
  } finally {
    span.end();
  }
}
