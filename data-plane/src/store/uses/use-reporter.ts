import pLimit from 'p-limit';
import { repeat } from '../../../../common/async/repeat';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { ContentUses } from './content-uses';
import type { UseReport } from './use-report';

/**
 * Time between two reports, in milliseconds. The control plane trusts a report three times as long
 * (catalog.proto).
 */
const INTERVAL_MS = 10_000;
/**
 * Younger uses do not cause a report, because most of them have ended by the next one. In
 * milliseconds.
 */
const MIN_AGE_MS = 2_000;
/**
 * Maximum number of uses in a report. catalog.proto has no limit; this one keeps the report within
 * a gRPC message.
 */
const MAX_USES = 10_000;

/** Dependencies of a UseReporter. */
export interface UseReporterOptions {
  readonly uses: Pick<ContentUses, 'list'>;
  readonly report: UseReport;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Reports to the control plane every ten seconds what this node reads and fills, once content has
 * been in use for two seconds. Sends one last report when nothing is in use any more. A failed
 * report is not repeated: the next one replaces it, and without any report the control plane soon
 * assumes that nothing is in use.
 */
export class UseReporter {
  /** Whether the last report contained uses. */
  private reportedUses = false;
  private stopRepeating: (() => Promise<void>) | undefined;
  /** Reports are sent one after the other, so that an older one cannot arrive last. */
  private readonly sends = pLimit(1);
  private readonly stopping = new AbortController();

  constructor(private readonly options: UseReporterOptions) {}

  start(): void {
    if (this.stopping.signal.aborted) return;
    const { clock, logger } = this.options;
    const onError = (error: unknown): void => logger.debug({ err: error }, 'Reporting the content in use failed');
    const work = (): void => void this.report()?.catch(onError);
    this.stopRepeating ??= repeat({ clock, everyMs: INTERVAL_MS, work, onError });
  }

  /** Starts no more reports, aborts the current one, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.stopRepeating?.();
    await this.sends(() => undefined);
  }

  private report(): Promise<void> | undefined {
    const { uses, clock, report } = this.options;
    const present = uses.list(MAX_USES);
    const [oldest] = present;
    if (!this.reportedUses && (oldest === undefined || Math.abs(clock.now() - oldest.startedAt) < MIN_AGE_MS))
      return undefined;
    this.reportedUses = present.length > 0;
    return this.sends(() => report.send(present, this.stopping.signal));
  }
}
