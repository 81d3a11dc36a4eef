import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/logger';

/** Failures are told at most this often, in milliseconds: a collector that is away for a day is some lines, not millions. */
const TELL_MS = 60_000;

/** An exporter whose failures are logged, and are nobody else's concern: spans that could not be sent are lost. */
export class ReportingExporter implements SpanExporter {
  private toldAt = Number.NEGATIVE_INFINITY;
  private lost = 0;

  constructor(
    private readonly inner: SpanExporter,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.inner.export(spans, ({ code, error }) => {
      if (code !== ExportResultCode.SUCCESS) this.tell(spans.length, error);
      done({ code: ExportResultCode.SUCCESS });
    });
  }

  shutdown(): Promise<void> {
    return this.inner.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.inner.forceFlush?.() ?? Promise.resolve();
  }

  private tell(spans: number, error: Error | undefined): void {
    this.lost += spans;
    const now = this.clock.now();
    if (now - this.toldAt < TELL_MS) return;
    this.toldAt = now;
    // Not the error whole: it may hold the request, with its headers.
    const { code } = (error ?? {}) as { readonly code?: unknown };
    this.logger.warn({ spans: this.lost, cause: error?.message, code }, 'traces cannot be sent; these spans are lost');
    this.lost = 0;
  }
}
