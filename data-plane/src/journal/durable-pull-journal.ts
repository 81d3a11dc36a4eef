import { isLayoverError, LayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import { createTimeOrderedIds } from '../../../common/runtime/time-ordered-ids';
import { ByteCounts } from './byte-counts';
import type { KeptDamage } from './damaged-parts';
import { GroupCommit, type WrittenGroup } from './group-commit';
import { isDiskFull, JOURNAL_RESERVE_BYTES } from './journal-reserve';
import type { DeliverableJournal, JournalBatch, NewRecord, PullJournal } from './pull-journal';
import type { RecordCodec } from './record-codec';
import { MAX_RECORD_BYTES, RECORD_HEADER_BYTES } from './record-frames';
import { RefusedRecords } from './refused-records';
import { type FoundDamage, SegmentLog } from './segment-log';

/** Limits of a journal. */
export interface JournalLimits {
  /** Maximum size of the waiting records in bytes; default 1 GiB. */
  readonly maxBytes: number;
  /** Maximum number of waiting records; default 5 million. */
  readonly maxRecords: number;
  /**
   * Size of a file in bytes; default 4 MiB. Delivered records are freed one file at a time, and a
   * delivery that has fallen behind reads one file at a time into memory.
   */
  readonly segmentBytes: number;
  /** Size of the newest records that are kept in memory for the delivery; default 4 MiB. */
  readonly recentBytes: number;
  /** Size of the room on the disk that is kept for records, in bytes; default 4 MiB. */
  readonly reserveBytes: number;
  /** How long sums of bytes stay in memory at most, in milliseconds; default 5000. */
  readonly countIntervalMs: number;
}

/**
 * Settings of a journal. `directory` is created with mode 0700 if it is missing; only one process
 * may use it at a time.
 */
export interface JournalOptions {
  readonly directory: string;
  readonly codec: RecordCodec;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<JournalLimits>;
}

const DEFAULT_LIMITS: JournalLimits = {
  maxBytes: 1024 ** 3,
  maxRecords: 5_000_000,
  segmentBytes: 4 * 1024 ** 2,
  recentBytes: 4 * 1024 ** 2,
  reserveBytes: JOURNAL_RESERVE_BYTES,
  countIntervalMs: 5000,
};

/** The state of the files of a journal. */
export interface JournalCondition {
  /** Code of the error of the last write, for example EROFS; undefined if it succeeded. */
  readonly failure: string | undefined;
  /** Bytes that were not a record, found since the start. */
  readonly damagedBytes: number;
  /** Records that could not be read since the start, because their bytes are damaged. */
  readonly lostRecords: number;
}

/** How often a journal that could not be written is tried, in milliseconds. */
const CHECK_MS = 10_000;

/** Shortest time between two log lines about dropped records, in milliseconds. */
const DROP_LOG_INTERVAL_MS = 10_000;

const DONE = Promise.resolve();

/**
 * Opens the journal in a folder, with the records of an earlier process. Never throws: a folder
 * that cannot be read is logged and tried again with every append, and pulls continue without
 * records until then (ADR 7).
 */
export async function createPullJournal(options: JournalOptions): Promise<DurablePullJournal> {
  const journal = new DurablePullJournal(options, { ...DEFAULT_LIMITS, ...options.limits });
  await journal.open();
  return journal;
}

/**
 * The journal on disk. See {@link PullJournal} for its guarantees and {@link SegmentLog} for its
 * files.
 */
export class DurablePullJournal implements PullJournal, DeliverableJournal {
  private readonly log: SegmentLog;
  private readonly commit: GroupCommit;
  private readonly counts = new ByteCounts();
  private readonly refused: RefusedRecords;
  private readonly nextId: () => string;
  private readonly listeners = new Set<() => void>();
  private cancelCount: (() => void) | undefined;
  /** Time of the oldest record that was not delivered; undefined if there is none or if unknown. */
  private oldestAt: number | undefined;
  private lastAdmission = 0;
  /** Whether the records of an earlier process were not found yet. */
  private isLate = false;
  private unacknowledged: JournalBatch | undefined;
  private dropped = 0;
  private failure: string | undefined;
  private cancelCheck: (() => void) | undefined;
  private damagedBytes = 0;
  private lostRecords = 0;
  private dropLoggedAt = Number.NEGATIVE_INFINITY;
  private closed = false;

  constructor(
    private readonly options: JournalOptions,
    private readonly limits: JournalLimits,
  ) {
    const { directory, codec } = options;
    this.log = new SegmentLog({
      directory,
      codec,
      segmentBytes: limits.segmentBytes,
      recentBytes: limits.recentBytes,
      reserveBytes: limits.reserveBytes,
      onDamage: (damage) => this.logDamage(damage),
      onDelay: (error) => this.logFailure(toStoreError(error)),
    });
    this.commit = new GroupCommit(this.log, (written) => this.onWritten(written));
    this.refused = new RefusedRecords(directory);
    this.nextId = createTimeOrderedIds(options.clock);
  }

  /** Finds the records of an earlier process; see {@link createPullJournal}. */
  async open(): Promise<void> {
    try {
      await this.log.prepare();
      // A folder that cannot be written is known before the first pull.
      await this.log.check().catch((error: unknown) => this.logFailure(toStoreError(error)));
    } catch (error) {
      this.isLate = true;
      this.logFailure(toStoreError(error));
      return;
    }
    await this.onPrepared().catch((error: unknown) => this.logFailure(toStoreError(error)));
  }

  append(record: NewRecord): Promise<void> {
    try {
      if (record.admission) return this.appendAdmission(record);
      return this.write(record, true).settled;
    } catch (error) {
      this.dropped += 1;
      this.logFailure(toStoreError(error));
      return DONE;
    }
  }

  count(bytes: { readonly organizationUid: string; readonly served?: number; readonly fetched?: number }): void {
    this.counts.add(bytes.organizationUid, bytes.served ?? 0, bytes.fetched ?? 0);
    if (!this.counts.empty) this.armCounts();
  }

  depth(): { readonly records: number; readonly oldestMs: number; readonly dropped: number } {
    const records = this.log.nextSequence - this.log.delivered;
    const now = this.options.clock.now();
    const oldestMs = records === 0 ? 0 : Math.max(0, now - (this.oldestAt ?? now));
    return { records, oldestMs, dropped: this.dropped };
  }

  /** Returns the state of the files. */
  condition(): JournalCondition {
    const { failure, damagedBytes, lostRecords } = this;
    return { failure, damagedBytes, lostRecords };
  }

  /**
   * Returns the number and size of the files with damaged bytes in the folder. Throws STORE_FAILED.
   */
  keptDamage(): Promise<KeptDamage> {
    return this.log.keptDamage().catch(rethrow);
  }

  /**
   * Returns whether an admission may be undelivered; then the control plane does not know all
   * stored content.
   */
  admissionsPending(): boolean {
    return !this.log.isPrepared || this.lastAdmission >= this.log.delivered;
  }

  async settle(): Promise<void> {
    const write = async (record: NewRecord): Promise<void> => {
      const failure = await this.tryWrite(record);
      if (failure === undefined) return;
      // The sums lose nothing by waiting until the disk has room again.
      this.counts.putBack([record]);
      this.logFailure(failure);
    };
    await Promise.all(this.counts.take().map(write));
    if (!this.counts.empty) this.armCounts();
  }

  async read(maxRecords: number, maxBytes: number): Promise<JournalBatch | undefined> {
    while (this.unacknowledged === undefined) {
      const { delivered, nextSequence } = this.log;
      if (delivered === nextSequence) return undefined;
      const { payloads, end, lost } = await this.log.read(delivered, maxRecords, maxBytes).catch(rethrow);
      if (lost > 0) {
        this.lostRecords += lost;
        this.options.logger.error({ records: lost }, 'Pull records are lost because their file is damaged');
      }
      if (payloads.length > 0) this.unacknowledged = { records: payloads, end };
      else await this.moveTo(end);
    }
    this.oldestAt = this.timeOf(this.unacknowledged.records[0]!) ?? this.oldestAt;
    return this.unacknowledged;
  }

  async acknowledge(batch: JournalBatch): Promise<void> {
    this.unacknowledged = undefined;
    // The next record is at least as young as the last one of the batch. Reading it gives the exact
    // time.
    const last = batch.records.at(-1);
    this.oldestAt = (last && this.timeOf(last)) ?? this.oldestAt;
    await this.moveTo(batch.end);
  }

  async setAside(record: Buffer, reason: string): Promise<void> {
    const decoded = this.options.codec.decode(record);
    // Waiting for a disk that can be written would hold up all later records.
    const kept = await this.refused.keep(decoded, reason).catch((error: unknown) => {
      this.logFailure(toStoreError(error));
      return false;
    });
    this.options.logger.error(
      { id: decoded.id, reason, kept },
      kept
        ? 'The control plane permanently rejects a pull record; the record was written to refused.jsonl'
        : 'The control plane permanently rejects a pull record; the record is lost because refused.jsonl is full or cannot be written',
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
    this.cancelCheck?.();
    await this.settle();
    await this.commit.close();
    await this.log.close();
  }

  private async appendAdmission(record: NewRecord): Promise<void> {
    const failure = await this.tryWrite(record);
    if (failure === undefined) return;
    this.logFailure(failure);
    throw failure;
  }

  /** Writes a record. Resolves with the reason if that failed. */
  private async tryWrite(record: NewRecord): Promise<LayoverError | undefined> {
    try {
      const { index, written } = this.write(record, false);
      const { first, failure } = await written;
      if (first === undefined) return toStoreError(failure);
      if (record.admission) this.lastAdmission = Math.max(this.lastAdmission, first + index);
      return undefined;
    } catch (error) {
      return toStoreError(error);
    }
  }

  private write(record: NewRecord, mayDrop: boolean): ReturnType<GroupCommit['append']> {
    const at = this.options.clock.now();
    const id = record.id || this.nextId();
    const { pull } = record;
    // Almost all records are pulls, and copying objects with any fields is slow.
    const payload = this.options.codec.encode(pull ? { id, at, pull } : { ...record, id, at });
    if (payload.length > MAX_RECORD_BYTES) throw new RangeError(`A record of ${payload.length} bytes is too large.`);
    this.checkRoom(payload.length + RECORD_HEADER_BYTES);
    return this.commit.append(payload, at, mayDrop);
  }

  private onWritten({ at, droppable, first, failure }: WrittenGroup): void {
    if (first === undefined) {
      this.dropped += droppable;
      this.logFailure(toStoreError(failure));
      return;
    }
    this.failure = undefined;
    // Any record of an earlier process may be an admission.
    if (this.isLate) this.lastAdmission = first - 1;
    this.isLate = false;
    this.oldestAt ??= at;
    for (const listener of this.listeners) listener();
  }

  /**
   * Tries again, until it succeeds, whether the files can be written: without pulls, nobody else
   * would notice that the disk is back.
   */
  private armCheck(): void {
    if (this.closed) return;
    this.cancelCheck ??= this.options.clock.after(CHECK_MS, () => void this.check());
  }

  private async check(): Promise<void> {
    try {
      await this.log.check();
      this.checkRoom(0);
      this.failure = undefined;
      if (this.isLate) {
        this.isLate = false;
        await this.onPrepared();
        for (const listener of this.listeners) listener();
      }
    } catch (error) {
      this.logFailure(toStoreError(error));
    }
    this.cancelCheck = undefined;
    if (this.failure !== undefined) this.armCheck();
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
    const waiting = this.log.nextSequence - this.log.delivered + this.commit.pending;
    if (waiting < maxRecords && this.log.bytes + this.commit.pendingBytes + bytes <= maxBytes) return;
    throw new LayoverError('STORE_FULL', {
      message: `The pull journal is full (${waiting} records) because the control plane has not accepted records for a long time. Check the connection to the control plane.`,
    });
  }

  private async moveTo(sequence: number): Promise<void> {
    await this.log.moveTo(sequence);
    if (sequence === this.log.nextSequence) this.oldestAt = undefined;
  }

  /** Looks at the records of an earlier process, which may contain admissions. */
  private async onPrepared(): Promise<void> {
    const { delivered, nextSequence } = this.log;
    if (delivered === nextSequence) return;
    this.lastAdmission = nextSequence - 1;
    const { payloads } = await this.log.read(delivered, 1, 1);
    const [oldest] = payloads;
    this.oldestAt = oldest && this.timeOf(oldest);
    this.options.logger.info(
      { records: this.depth().records, oldest: this.oldestAt },
      'Pull records of an earlier run wait for delivery to the control plane',
    );
  }

  /** Returns the time of a record in milliseconds since the epoch; undefined if it has none. */
  private timeOf(record: Buffer): number | undefined {
    return this.options.codec.decode(record).at || undefined;
  }

  private logDamage({ atEnd, ...damage }: FoundDamage): void {
    this.damagedBytes += damage.bytes;
    if (atEnd) {
      this.options.logger.warn(
        damage,
        'A file of the pull journal ends with bytes that are not a record: an unfinished write, or damage',
      );
    } else {
      this.options.logger.error(damage, 'A file of the pull journal is damaged; the damaged bytes are skipped');
    }
  }

  private logFailure(failure: LayoverError): void {
    this.failure = codeOf(failure);
    this.armCheck();
    const now = this.options.clock.steady();
    if (now - this.dropLoggedAt < DROP_LOG_INTERVAL_MS) return;
    this.dropLoggedAt = now;
    this.options.logger.error(
      { err: failure, dropped: this.dropped },
      'Writing the pull journal failed; pulls continue, but their records are dropped',
    );
  }
}

function toStoreError(error: unknown): LayoverError {
  if (isLayoverError(error)) return error;
  return isDiskFull(error)
    ? new LayoverError('STORE_FULL', {
        message: 'The disk of the data plane has no space left for the pull journal. Free some space.',
        cause: error,
      })
    : new LayoverError('STORE_FAILED', {
        message: 'The pull journal cannot be read or written. The log of the data plane has the reason.',
        cause: error,
      });
}

/** Returns the code of the system error behind a failure, or its key. */
function codeOf(failure: LayoverError): string {
  return (failure.cause as NodeJS.ErrnoException | undefined)?.code ?? failure.key;
}

function rethrow(error: unknown): never {
  throw toStoreError(error);
}
