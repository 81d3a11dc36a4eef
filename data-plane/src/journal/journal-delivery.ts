import { type Backoff, backoffDelay } from '../../../common/async/backoff';
import { Condition } from '../../../common/async/condition';
import { isLayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { DeliverableJournal, JournalBatch } from './pull-journal';
import type { PullRecordReceiver } from './pull-recorder';

/** Dependencies and settings of a delivery. */
export interface JournalDeliveryOptions {
  readonly journal: DeliverableJournal;
  readonly recorder: PullRecordReceiver;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Default: 100 ms, doubling up to 5 s. Jitter prevents that data planes which lost a control
   * plane all return at the same time.
   */
  readonly backoff?: Backoff;
  /** Maximum number of records in one call; default 500. */
  readonly batchRecords?: number;
  /**
   * Approximate maximum size of the records in one call; default 512 KiB, far below the gRPC limit
   * of 4 MiB.
   */
  readonly batchBytes?: number;
  /** How long the first record of a batch waits for further ones, in milliseconds; default 100. */
  readonly gatherMs?: number;
}

const DEFAULTS = {
  backoff: { firstMs: 100, maxMs: 5000, jitter: 0.25 },
  batchRecords: 500,
  batchBytes: 512 * 1024,
  gatherMs: 100,
};

/**
 * Delivers the journal to the control plane: oldest records first, one batch at a time. Records are
 * removed only after they were accepted.
 */
export interface JournalDelivery {
  /**
   * Starts the delivery and returns at once. With an empty journal, nothing runs until a record
   * arrives.
   */
  start(): void;
  /**
   * Delivers all records at shutdown, including the sums of bytes, without gathering. Resolves with
   * the number of remaining records: 0, or more if `withinMs` milliseconds are over or a try fails.
   * Remaining records stay on disk for the next start.
   */
  flush(withinMs: number): Promise<number>;
  /** Delivers the latest record at once, without gathering, because a caller waits for it. */
  hurry(): void;
  /** Ends the current wait between two tries, because the control plane is reachable again. */
  retryNow(): void;
  /** Aborts the current delivery. The journal may be closed when this resolves. Idempotent. */
  stop(): Promise<void>;
}

/** Creates a {@link JournalDelivery}. */
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
    // The first record ends the idle wait, and a full batch ends the gathering. After a failure,
    // only the backoff delay ends the wait.
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

  /**
   * Gathers before every batch, not only the first one: under load, many small transactions would
   * cost the control plane more than the pulls themselves.
   */
  private async gather(): Promise<void> {
    const { journal, batchRecords, gatherMs, clock } = this.options;
    if (journal.depth().records < batchRecords && !this.flushing && !this.hurried && !this.stopped)
      await this.wakeUp.waitFor(clock, gatherMs);
    this.hurried = false;
  }

  /** Returns whether the oldest batch was delivered. Logs failures. */
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
      // Logs the first failure, and then fewer and fewer: an hour of outage gives about a dozen
      // lines.
      if ((this.failures & (this.failures - 1)) === 0) {
        const records = journal.depth().records;
        logger.warn(
          { err: error, records, tries: this.failures },
          'Delivering pull records failed; the records wait on disk',
        );
      }
      return false;
    }
    if (this.failures > 0) logger.info({ tries: this.failures }, 'Pull records are delivered again');
    this.failures = 0;
    return true;
  }

  /**
   * Delivers records. If the control plane rejects them, finds the rejected ones by halving and
   * sets them aside, so one bad record never delays the others.
   */
  private async deliver(records: readonly Buffer[]): Promise<void> {
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
