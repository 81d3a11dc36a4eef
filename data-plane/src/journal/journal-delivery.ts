import { type Backoff, backoffDelay } from '../../../common/async/backoff';
import { Condition } from '../../../common/async/condition';
import { isLayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';
import type { DeliverableJournal, JournalBatch } from './pull-journal';
import type { PullRecorder } from './pull-recorder';

/** What a delivery needs. */
export interface JournalDeliveryOptions {
  readonly journal: DeliverableJournal;
  readonly recorder: PullRecorder;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: 100 ms, doubling up to 5 s, with jitter so that data planes that lost one control plane do not come back together. */
  readonly backoff?: Backoff;
  /** Records in one call at most; default 500. */
  readonly batchRecords?: number;
  /** Bytes of records in one call, about; default 512 KiB, far below gRPC's limit of 4 MiB. */
  readonly batchBytes?: number;
  /** How long the first record of a batch waits for others, in milliseconds; default 100. */
  readonly gatherMs?: number;
}

const DEFAULTS = {
  backoff: { firstMs: 100, maxMs: 5000, jitter: 0.25 },
  batchRecords: 500,
  batchBytes: 512 * 1024,
  gatherMs: 100,
};

/** Carries the journal to the control plane: oldest first, one batch in flight, removed only after it was taken. */
export interface JournalDelivery {
  /** Begins; returns at once. With an empty journal nothing runs until a record comes. */
  start(): void;
  /**
   * For shutdown: delivers what there is, sums of bytes included, without gathering. Resolves with the number of records left: 0, or more when
   * `withinMs` is over or a try fails; those stay on disk for the next start.
   */
  flush(withinMs: number): Promise<number>;
  /** What was appended just now is waited for: it is not gathered with others. */
  hurry(): void;
  /** The control plane was heard of: a wait between two tries ends now. */
  retryNow(): void;
  /** Gives up what is under way. The journal may be closed when it resolves. Harmless when called twice. */
  stop(): Promise<void>;
}

/** See {@link JournalDelivery}. */
export function createJournalDelivery(options: JournalDeliveryOptions): JournalDelivery {
  return new BatchDelivery({ ...DEFAULTS, ...options });
}

class BatchDelivery implements JournalDelivery {
  private readonly wakeUp = new Condition();
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private unsubscribe: (() => void) | undefined;
  private failures = 0;
  private idle = false;
  private hurried = false;
  /** Called at the end of every try while a flush waits. */
  private flushing: ((failed: boolean) => void) | undefined;

  constructor(private readonly options: Required<JournalDeliveryOptions>) {}

  start(): void {
    if (this.running !== undefined) return;
    this.unsubscribe = this.options.journal.onAppended(() => this.onAppended());
    this.running = this.run();
  }

  async flush(withinMs: number): Promise<number> {
    const { journal, clock } = this.options;
    await journal.settle();
    if (journal.depth().records > 0 && this.running !== undefined) {
      await new Promise<void>((resolve) => {
        const cancel = clock.after(withinMs, resolve);
        this.flushing = (failed) => {
          if (!failed && journal.depth().records > 0) return;
          cancel();
          resolve();
        };
        this.wakeUp.notifyAll();
      });
      this.flushing = undefined;
    }
    return journal.depth().records;
  }

  hurry(): void {
    if (this.failures > 0) return;
    this.hurried = true;
    this.wakeUp.notifyAll();
  }

  retryNow(): void {
    if (this.failures > 0) this.wakeUp.notifyAll();
  }

  async stop(): Promise<void> {
    this.unsubscribe?.();
    this.stopping.abort();
    this.wakeUp.notifyAll();
    await this.running;
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private onAppended(): void {
    // The first record ends the idle wait, a full batch ends the gathering; while trying again, only time does.
    if (this.failures > 0) return;
    const { records } = this.options.journal.depth();
    if (this.idle || records >= this.options.batchRecords) this.wakeUp.notifyAll();
  }

  private async run(): Promise<void> {
    const { journal, backoff, clock } = this.options;
    while (!this.stopped) {
      if (journal.depth().records === 0) {
        this.flushing?.(false);
        this.idle = true;
        await this.wakeUp.wait();
        this.idle = false;
        await this.gather();
        continue;
      }
      const failed = !(await this.deliverNext());
      if (this.stopped) return;
      this.flushing?.(failed);
      if (failed) await this.wakeUp.waitFor(clock, backoffDelay(backoff, this.failures));
      else if (journal.depth().records > 0) await this.gather();
    }
  }

  /** Before every batch, not only the first: under load many small transactions would cost the control plane more than the pulls themselves. */
  private async gather(): Promise<void> {
    const { journal, batchRecords, gatherMs, clock } = this.options;
    if (journal.depth().records < batchRecords && !this.flushing && !this.hurried && !this.stopped)
      await this.wakeUp.waitFor(clock, gatherMs);
    this.hurried = false;
  }

  /** Whether the oldest batch is delivered; every failure is logged here. */
  private async deliverNext(): Promise<boolean> {
    const { journal, batchRecords, batchBytes, logger } = this.options;
    let batch: JournalBatch | undefined;
    try {
      batch = await journal.read(batchRecords, batchBytes);
      if (batch === undefined) return true;
      await this.deliver(batch.records);
      await journal.acknowledge(batch);
    } catch (error) {
      if (this.stopped) return false;
      this.failures += 1;
      // The first failure and then ever fewer: an hour of outage is a dozen lines.
      if ((this.failures & (this.failures - 1)) === 0) {
        const records = journal.depth().records;
        logger.warn(
          { err: error, records, tries: this.failures },
          'pull records cannot be delivered; they wait on disk',
        );
      }
      return false;
    }
    if (this.failures > 0) logger.info({ tries: this.failures }, 'pull records are delivered again');
    this.failures = 0;
    return true;
  }

  /** Delivers records, or finds the refused ones among them by halving and sets those aside: one bad record never holds up the rest. */
  private async deliver(records: readonly PullRecord[]): Promise<void> {
    const { recorder, journal } = this.options;
    try {
      await recorder.record(records, this.stopping.signal);
    } catch (error) {
      if (!isLayoverError(error) || error.key !== 'REQUEST_INVALID') throw error;
      const [only] = records;
      if (only !== undefined && records.length === 1) {
        await journal.setAside(only, error.message);
        return;
      }
      const half = Math.ceil(records.length / 2);
      await this.deliver(records.slice(0, half));
      await this.deliver(records.slice(half));
    }
  }
}
