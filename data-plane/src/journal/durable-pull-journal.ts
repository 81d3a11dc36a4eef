import { LayoverError } from '../../../common/errors/layover-error';
import { encodeFrame } from '../../../common/files/frames';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';
import { ByteCounts } from './byte-counts';
import { DeliveredMark } from './delivered-mark';
import { GroupCommit } from './group-commit';
import type { DeliverableJournal, JournalBatch, NewRecord, PullJournal } from './pull-journal';
import { createRecordStamps, type RecordStamp } from './record-ids';
import { RefusedRecords } from './refused-records';
import { SegmentLog } from './segment-log';

/** Limits of a journal. */
export interface JournalLimits {
  /** Maximum size of the waiting records in bytes; default 1 GiB. */
  readonly maxBytes: number;
  /** Maximum number of waiting records; default 5 million. */
  readonly maxRecords: number;
  /** Size of a file in bytes; default 16 MiB. Delivered records are freed one file at a time. */
  readonly segmentBytes: number;
  /** How long sums of bytes stay in memory at most, in milliseconds; default 5000. */
  readonly countIntervalMs: number;
}

/**
 * Settings of a journal. `directory` is created with mode 0700 if it is missing; only one process
 * may use it at a time.
 */
export interface JournalOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<JournalLimits>;
}

const DEFAULT_LIMITS: JournalLimits = {
  maxBytes: 1024 ** 3,
  maxRecords: 5_000_000,
  segmentBytes: 16 * 1024 ** 2,
  countIntervalMs: 5000,
};

/** Shortest time between two log lines about dropped records, in milliseconds. */
const DROP_LOG_INTERVAL_MS = 10_000;

/**
 * Opens the journal in a folder, with the records of an earlier process. Throws file system errors.
 */
export async function createPullJournal(options: JournalOptions): Promise<DurablePullJournal> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const mark = new DeliveredMark(options.directory);
  const marked = await mark.load();
  const log = await SegmentLog.open({
    directory: options.directory,
    segmentBytes: limits.segmentBytes,
    from: marked,
  });
  const journal = new DurablePullJournal(options, limits, log, mark, Math.max(marked, log.firstSequence));
  const left = await journal.read(1, 1);
  if (left !== undefined) {
    options.logger.info(
      { records: journal.depth().records, oldest: left.records[0]?.at },
      'Pull records of an earlier run wait for delivery to the control plane',
    );
  }
  return journal;
}

/**
 * The journal on disk. See {@link PullJournal} for its guarantees and {@link SegmentLog} for its
 * files.
 */
export class DurablePullJournal implements PullJournal, DeliverableJournal {
  private readonly commit: GroupCommit;
  private readonly counts = new ByteCounts();
  private readonly refused: RefusedRecords;
  private readonly stamp: () => RecordStamp;
  private readonly listeners = new Set<() => void>();
  private cancelCount: (() => void) | undefined;
  private oldestAt: number | undefined;
  private lastAdmission: number;
  private dropped = 0;
  private dropLoggedAt = Number.NEGATIVE_INFINITY;
  private closed = false;

  constructor(
    private readonly options: JournalOptions,
    private readonly limits: JournalLimits,
    private readonly log: SegmentLog,
    private readonly mark: DeliveredMark,
    private delivered: number,
  ) {
    this.commit = new GroupCommit(log);
    this.refused = new RefusedRecords(options.directory);
    this.stamp = createRecordStamps(options.clock);
    // Records of an earlier process may contain admissions.
    this.lastAdmission = log.nextSequence - 1;
  }

  async append(record: NewRecord): Promise<void> {
    try {
      await this.write(record);
    } catch (error) {
      const failure = toStoreError(error);
      if (!record.admission) this.dropped += 1;
      this.logFailure(failure);
      if (record.admission) throw failure;
    }
  }

  count(bytes: { readonly organizationUid: string; readonly served?: number; readonly fetched?: number }): void {
    this.counts.add(bytes.organizationUid, bytes.served ?? 0, bytes.fetched ?? 0);
    if (!this.counts.empty) this.armCounts();
  }

  depth(): { readonly records: number; readonly oldestMs: number; readonly dropped: number } {
    const records = this.log.nextSequence - this.delivered;
    const now = this.options.clock.now();
    const oldestMs = records === 0 ? 0 : Math.max(0, now - (this.oldestAt ?? now));
    return { records, oldestMs, dropped: this.dropped };
  }

  /**
   * Returns whether an admission may be undelivered; then the control plane does not know all
   * stored content.
   */
  admissionsPending(): boolean {
    return this.lastAdmission >= this.delivered;
  }

  async settle(): Promise<void> {
    for (const record of this.counts.take()) {
      // The sums lose nothing by waiting until the disk has room again.
      await this.write(record).catch((error: unknown) => {
        this.counts.putBack([record]);
        this.logFailure(toStoreError(error));
      });
    }
    if (!this.counts.empty) this.armCounts();
  }

  async read(maxRecords: number, maxBytes: number): Promise<JournalBatch | undefined> {
    for (;;) {
      if (this.log.nextSequence === this.delivered) return undefined;
      const { first, payloads, lost } = await this.log.read(this.delivered, maxRecords, maxBytes).catch(rethrow);
      if (lost > 0) this.options.logger.error({ records: lost }, 'Pull records are lost because their file is damaged');
      const records = payloads.map((payload) => JSON.parse(payload.toString('utf8')) as PullRecord);
      if (records.length > 0) {
        this.oldestAt = Number(records[0]!.at);
        return { records, end: first + records.length };
      }
      await this.moveTo(first);
    }
  }

  async acknowledge(batch: JournalBatch): Promise<void> {
    // The next record is at least as young as the last one of the batch. Reading it gives the exact
    // time.
    this.oldestAt = Number(batch.records.at(-1)?.at ?? this.oldestAt);
    await this.moveTo(batch.end);
  }

  async setAside(record: PullRecord, reason: string): Promise<void> {
    const kept = await this.refused.keep(record, reason).catch(rethrow);
    this.options.logger.error(
      { id: record.id, reason, kept },
      kept
        ? 'The control plane permanently rejects a pull record; the record was written to refused.jsonl'
        : 'The control plane permanently rejects a pull record; the record is lost because refused.jsonl is full',
    );
  }

  onAppended(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Writes the sums, waits for running appends, and closes the files. Later appends are dropped.
   * Idempotent.
   */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.cancelCount?.();
    await this.settle();
    await this.commit.close();
    await this.log.close();
  }

  private async write(record: NewRecord): Promise<void> {
    const stamp = this.stamp();
    const full: PullRecord = { ...stamp, ...record };
    const frame = encodeFrame(Buffer.from(JSON.stringify(full)));
    this.checkRoom(frame.length);
    const sequence = await this.commit.append(frame);
    this.oldestAt ??= stamp.at;
    if (record.admission) this.lastAdmission = Math.max(this.lastAdmission, sequence);
    for (const listener of this.listeners) listener();
  }

  private armCounts(): void {
    if (this.closed) return;
    this.cancelCount ??= this.options.clock.after(this.limits.countIntervalMs, () => {
      this.cancelCount = undefined;
      void this.settle();
    });
  }

  private checkRoom(bytes: number): void {
    const { maxBytes, maxRecords } = this.limits;
    const waiting = this.log.nextSequence - this.delivered + this.commit.pending;
    if (waiting < maxRecords && this.log.bytes + this.commit.pendingBytes + bytes <= maxBytes) return;
    throw new LayoverError('STORE_FULL', {
      message: `The pull journal is full (${waiting} records) because the control plane has not accepted records for a long time. Check the connection to the control plane.`,
    });
  }

  private async moveTo(sequence: number): Promise<void> {
    // Without the mark, a later start delivers records again, which is harmless. Stopping here
    // would keep a full disk full.
    await this.mark.save(sequence).catch((error: unknown) => this.logFailure(toStoreError(error)));
    this.delivered = sequence;
    if (this.delivered === this.log.nextSequence) this.oldestAt = undefined;
    await this.log.dropBefore(sequence).catch(rethrow);
  }

  private logFailure(failure: LayoverError): void {
    const now = this.options.clock.now();
    if (now - this.dropLoggedAt < DROP_LOG_INTERVAL_MS) return;
    this.dropLoggedAt = now;
    this.options.logger.error(
      { err: failure, dropped: this.dropped },
      'Writing the pull journal failed; pulls continue, but their records are dropped',
    );
  }
}

function toStoreError(error: unknown): LayoverError {
  if (error instanceof Error && error.name === 'LayoverError') return error as LayoverError;
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new LayoverError('STORE_FULL', {
        message: 'The disk of the data plane has no space left for the pull journal. Free some space.',
        cause: error,
      })
    : new LayoverError('STORE_FAILED', {
        message: 'The pull journal cannot be read or written. The log of the data plane has the reason.',
        cause: error,
      });
}

function rethrow(error: unknown): never {
  throw toStoreError(error);
}
