import pLimit from 'p-limit';
import { repeat } from '../../../../common/async/repeat';
import type { Clock } from '../../../../common/runtime/clock';
import type { Logger } from '../../../../common/runtime/logger';
import type { ContentUses } from './content-uses';
import type { UseReport } from './use-report';

/** Time between two reports. The control plane believes one for three times as long (catalog.proto). */
const INTERVAL_MS = 10_000;
/** Uses younger than this give no reason for a report: most are over by then. */
const WORTH_TELLING_MS = 2_000;
/** Most uses of one report (catalog.proto has no bound; this one keeps it within a gRPC message). */
const MAX_USES = 10_000;

/** What a reporter is made of. */
export interface UseReporterOptions {
  readonly uses: Pick<ContentUses, 'list'>;
  readonly report: UseReport;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tells the control plane every ten seconds what this node reads and fills, while something has been in use for two seconds, and once more when
 * nothing is. A report that fails is not repeated: the next one says more than it did, and without any the control plane soon believes nothing.
 */
export class UseReporter {
  /** Whether the last report told of something. */
  private told = false;
  private stopRepeating: (() => Promise<void>) | undefined;
  /** One after the other: an older report must not arrive last. */
  private readonly sends = pLimit(1);
  private readonly stopping = new AbortController();

  constructor(private readonly options: UseReporterOptions) {}

  start(): void {
    if (this.stopping.signal.aborted) return;
    const { clock, logger } = this.options;
    const onError = (error: unknown): void => logger.debug({ err: error }, 'what is in use could not be reported');
    const work = (): void => void this.report()?.catch(onError);
    this.stopRepeating ??= repeat({ clock, everyMs: INTERVAL_MS, work, onError });
  }

  /** Begins no report any more, gives up the one under way, and resolves when that has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.stopRepeating?.();
    await this.sends(() => undefined);
  }

  private report(): Promise<void> | undefined {
    const { uses, clock, report } = this.options;
    const present = uses.list(MAX_USES);
    const [oldest] = present;
    if (!this.told && (oldest === undefined || clock.now() - oldest.startedAt < WORTH_TELLING_MS)) return undefined;
    this.told = present.length > 0;
    return this.sends(() => report.send(present, this.stopping.signal));
  }
}
