import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  SpanKind as OtelKind,
  SpanStatusCode,
  trace,
  type Tracer as OtelInnerTracer,
} from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { withTimeout } from '../async/deadline';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/logger';
import { ReportingExporter } from './reporting-exporter';
import type { Sampling, TracingConfig } from './tracing-config';
import { type Span, type SpanKind, type SpanOptions, type Tracer } from './tracer';

/** Timeout for sending one batch, in milliseconds. */
const EXPORT_MS = 5_000;
/** Time limit for sending the last spans when a plane stops, in milliseconds. */
const STOP_MS = 2_000;
/** Maximum number of spans that wait to be sent. More are dropped. */
const MAX_QUEUE = 4096;

const KINDS: Readonly<Record<SpanKind, OtelKind>> = {
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  internal: OtelKind.INTERNAL,
};

/**
 * Creates a tracer that sends to an OTLP receiver over HTTP. Neither the provider nor the context
 * is global, so that planes in one process do not mix their traces. Only this file and the exporter
 * use OpenTelemetry.
 */
export function createOtelTracer(config: TracingConfig, clock: Clock, logger: Logger): Tracer {
  const { url, headers, serviceName, sampling } = config;
  const exporter = new OTLPTraceExporter({
    url,
    headers: { ...headers },
    timeoutMillis: EXPORT_MS,
    concurrencyLimit: 2,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName }),
    sampler: samplerFor(sampling),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new ReportingExporter(exporter, clock, logger),
        maxQueueSize: MAX_QUEUE,
        exportTimeoutMillis: EXPORT_MS + 1000,
      }),
    ],
    spanLimits: { attributeValueLengthLimit: 256 },
  });
  return new OtelTracer(provider, clock);
}

function samplerFor({ ratio, followsCaller }: Sampling): TraceIdRatioBasedSampler | ParentBasedSampler {
  const root = new TraceIdRatioBasedSampler(ratio);
  return followsCaller ? new ParentBasedSampler({ root }) : root;
}

class OtelTracer implements Tracer {
  readonly isOn = true;
  private readonly inner: OtelInnerTracer;
  private readonly current = new AsyncLocalStorage<StartedSpan>();
  private readonly propagator = new W3CTraceContextPropagator();
  private stopped: Promise<void> | undefined;

  constructor(
    private readonly provider: TracerProvider,
    private readonly clock: Clock,
  ) {
    this.inner = provider.getTracer('layover');
  }

  start(name: string, options: SpanOptions = {}): Span {
    const { kind = 'internal', attributes, link } = options;
    const links = link instanceof StartedSpan ? [{ context: link.inner.spanContext() }] : [];
    return new StartedSpan(
      this.inner.startSpan(name, { kind: KINDS[kind], attributes: { ...attributes }, links }, this.parentOf(options)),
      this.propagator,
    );
  }

  active(): Span | undefined {
    return this.current.getStore();
  }

  within<T>(span: Span, work: () => T): T {
    return span instanceof StartedSpan ? this.current.run(span, work) : work();
  }

  stop(): Promise<void> {
    this.stopped ??= this.shutDown();
    return this.stopped;
  }

  private async shutDown(): Promise<void> {
    const shutDown = this.provider.shutdown().catch(() => undefined);
    await withTimeout(this.clock, STOP_MS, shutDown, () => undefined);
  }

  private parentOf({ parent = 'active' }: SpanOptions): Context {
    if (parent === 'active') return this.current.getStore()?.context ?? ROOT_CONTEXT;
    if (parent === 'root' || parent.traceparent === undefined) return ROOT_CONTEXT;
    return this.propagator.extract(ROOT_CONTEXT, { traceparent: parent.traceparent }, defaultTextMapGetter);
  }
}

class StartedSpan implements Span {
  readonly context: Context;

  constructor(
    readonly inner: OtelSpan,
    private readonly propagator: W3CTraceContextPropagator,
  ) {
    this.context = trace.setSpan(ROOT_CONTEXT, inner);
  }

  get traceparent(): string | undefined {
    const carrier: { traceparent?: string } = {};
    this.propagator.inject(this.context, carrier, defaultTextMapSetter);
    return carrier.traceparent;
  }

  set(name: string, value: string | number | boolean): void {
    this.inner.setAttribute(name, value);
  }

  fail(what: string): void {
    this.inner.setAttribute('error.type', what);
    this.inner.setStatus({ code: SpanStatusCode.ERROR, message: what });
  }

  end(): void {
    if (this.inner.isRecording()) this.inner.end();
  }
}
