import { type Backoff, backoffDelay } from '../../../../common/async/backoff';
import { withTimeout } from '../../../../common/async/deadline';
import { isLayoverError, type LayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { EdgeAnswer } from '../../../../proto/gen/layover/v1/EdgeAnswer';
import type { GetManifestRequest } from '../../../../proto/gen/layover/v1/GetManifestRequest';
import { OwnAnswers } from './own-answers';

/** How often answers are reported while there are any, in milliseconds, and after failures. */
const REPORT_EVERY_MS = 1_000;
const BACKOFF: Backoff = { firstMs: REPORT_EVERY_MS, maxMs: 10_000, jitter: 0.2 };
/** How long a stopping edge reports what waits, in milliseconds. */
const SETTLE_MS = 5_000;

/** Dependencies of {@link AnswerReports}. */
export interface AnswerReportsParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nextRecordId: () => string;
  /** Whether a data plane accepts calls. */
  readonly isLive: () => boolean;
  /** Sends answers to a data plane. Resolves when they are in its journal. */
  readonly send: (answers: readonly EdgeAnswer[]) => Promise<void>;
}

/**
 * Reports the answers that this edge gave by itself as soon as a data plane accepts calls. They are
 * in memory until then, so an edge that is killed loses them.
 */
export class AnswerReports {
  private readonly answers: OwnAnswers;
  private cancelTimer: (() => void) | undefined;
  private running: Promise<void> | undefined;
  private failures = 0;
  private isClosed = false;
  private isSettling = false;

  constructor(private readonly parts: AnswerReportsParts) {
    this.answers = new OwnAnswers(parts.clock, parts.nextRecordId);
  }

  /** Number of requests whose answers were not reported yet. */
  get size(): number {
    return this.answers.size;
  }

  /** Adds an answer; see OwnAnswers. */
  add(request: GetManifestRequest, error: LayoverError): void {
    this.answers.add(request, error);
    this.reportLater(REPORT_EVERY_MS);
  }

  /** Reports what waits if a data plane accepts calls. Takes five seconds at most. */
  async settle(): Promise<void> {
    this.isSettling = true;
    this.cancelTimer?.();
    await this.running;
    if (this.answers.size > 0 && this.parts.isLive())
      await withTimeout(this.parts.clock, SETTLE_MS, this.report(true), () => undefined);
  }

  /** Reports nothing any more. */
  close(): void {
    this.isClosed = true;
    this.cancelTimer?.();
    const { size } = this;
    if (size > 0)
      this.parts.logger.warn({ answers: size }, 'The edge stops, and answers without a data plane stay unrecorded');
  }

  private reportLater(delayMs: number): void {
    if (this.isClosed || this.isSettling || this.running !== undefined) return;
    this.cancelTimer ??= this.parts.clock.after(delayMs, () => {
      this.cancelTimer = undefined;
      this.running = this.report(false).finally(() => {
        this.running = undefined;
        if (this.answers.size === 0) return;
        this.reportLater(this.failures === 0 ? REPORT_EVERY_MS : backoffDelay(BACKOFF, this.failures));
      });
    });
  }

  /** Reports until nothing is left, or until a report fails. Never rejects. */
  private async report(all: boolean): Promise<void> {
    while (!this.isClosed && this.parts.isLive()) {
      const batch = this.answers.next(all);
      if (batch.length === 0) return;
      try {
        await this.parts.send(batch);
        this.failures = 0;
      } catch (error) {
        this.failures += 1;
        if (!isLayoverError(error) || error.entry.retryable) return;
        // For example, the data plane is an earlier version.
        this.parts.logger.error({ err: error, answers: batch.length }, 'A data plane refuses the answers of this edge');
      }
      this.answers.reportedOk();
    }
  }
}
