import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/logger';

/** Minimum interval between two log lines about failures, in milliseconds. */
const REPORT_INTERVAL_MS = 60_000;

/**
 * Wraps an exporter and logs its failures. Callers always see success; spans that could not be sent
 * are lost.
 */
export class ReportingExporter implements SpanExporter {
  private reportedAt = Number.NEGATIVE_INFINITY;
  private lost = 0;

  constructor(
    private readonly inner: SpanExporter,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.inner.export(spans, ({ code, error }) => {
      if (code !== ExportResultCode.SUCCESS) this.report(spans.length, error);
      done({ code: ExportResultCode.SUCCESS });
    });
  }

  shutdown(): Promise<void> {
    return this.inner.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.inner.forceFlush?.() ?? Promise.resolve();
  }

  private report(spans: number, error: Error | undefined): void {
    this.lost += spans;
    const now = this.clock.steady();
    if (now - this.reportedAt < REPORT_INTERVAL_MS) return;
    this.reportedAt = now;
    // Only message and code: the error may contain the request with its headers.
    const { code } = (error ?? {}) as { readonly code?: unknown };
    this.logger.warn({ spans: this.lost, cause: error?.message, code }, 'Sending traces failed; these spans are lost');
    this.lost = 0;
  }
}
