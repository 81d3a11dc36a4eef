import { toLayoverError } from '../errors/layover-error';

/** Which side of a call a span is; everything that is neither is internal. */
export type SpanKind = 'server' | 'client' | 'internal';

/** Values of attributes. Never a secret: no token, header, query string, or URL. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** How a span begins. */
export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /**
   * What it is part of. Default: the active span. A caller's `traceparent` (W3C Trace Context) hangs it below the caller's; one that cannot be
   * read, and undefined, begin a trace. `root` begins one, too.
   */
  readonly parent?: 'active' | 'root' | { readonly traceparent: string | undefined };
  /** Another span that this one has to do with, of whatever trace. */
  readonly link?: Span;
}

/** One operation, for as long as it takes. Whoever starts it ends it. */
export interface Span {
  /** As the header `traceparent` says it; undefined where nothing is traced. */
  readonly traceparent: string | undefined;
  set(name: string, value: string | number | boolean): void;
  /** It failed; `what` is the key of an error or a status, from a closed set. */
  fail(what: string): void;
  /** Harmless when repeated. */
  end(): void;
}

/** Traces what a plane does. Passed by constructor: several planes may be in one process, each with its own. */
export interface Tracer {
  /** Whether anything is traced: what would only be prepared for spans can be left out otherwise. */
  readonly isOn: boolean;
  start(name: string, options?: SpanOptions): Span;
  /** The span that the code that runs now, and what it awaits, is part of. */
  active(): Span | undefined;
  /** Runs `work`, and everything that it begins, as part of the span. */
  within<T>(span: Span, work: () => T): T;
  /** Sends what is left, for two seconds at most, and ends. Never rejects. */
  stop(): Promise<void>;
}

/** A span of nothing. */
export const NO_SPAN: Span = {
  traceparent: undefined,
  set: () => undefined,
  fail: () => undefined,
  end: () => undefined,
};

/** Traces nothing, and costs nothing. */
export const NO_TRACER: Tracer = {
  isOn: false,
  start: () => NO_SPAN,
  active: () => undefined,
  within: (_span, work) => work(),
  stop: () => Promise.resolve(),
};

/**
 * Runs `work` in a span below the active one. Where there is no active span nothing is traced: what planes do by themselves (heartbeats, deliveries, collections)
 * makes no traces. The span has failed when `work` rejects, by the key of the error; the rejection goes on.
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
