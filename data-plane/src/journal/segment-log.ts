import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeDurableFolder, syncFolder } from '../../../common/files/durable-folder';
import { writeAll } from '../../../common/files/write-all';
import { DamagedParts, type KeptDamage } from './damaged-parts';
import { DeliveredMark } from './delivered-mark';
import { isDiskFull, JournalReserve } from './journal-reserve';
import { RecentRecords } from './recent-records';
import type { RecordCodec } from './record-codec';
import { RECORD_HEADER_BYTES, writeRecordFrame } from './record-frames';
import { type DamagedPart, FramedContent, type SegmentContent } from './segment-content';
import { findSegments, openContent, removeSegment, type Segment, segmentPath } from './segment-files';

/** The folder of a segment log, how it is divided into files, and who is told about problems. */
export interface SegmentLogOptions {
  readonly directory: string;
  readonly codec: RecordCodec;
  /** A file that has reached this many bytes is followed by a new one. */
  readonly segmentBytes: number;
  /** Size of the newest records that stay in memory, in bytes. */
  readonly recentBytes: number;
  /** Size of the room on the disk that is kept for records, in bytes; see JournalReserve. */
  readonly reserveBytes: number;
  /** Called for bytes that are not a record, once for each part. */
  readonly onDamage: (damage: FoundDamage) => void;
  /** Called for a failure that only delays: the delivered position or a file stays as it was. */
  readonly onDelay: (error: unknown) => void;
}

/** Bytes of a segment that are not a record. */
export interface FoundDamage {
  /** Name of the segment. */
  readonly segment: string;
  /** Offset of the first byte. */
  readonly offset: number;
  /** Number of bytes. */
  readonly bytes: number;
  /** Name of the file with a copy of them; undefined if they could not be kept. */
  readonly kept: string | undefined;
  /** Whether no record follows in this file, so that it may be an unfinished write. */
  readonly atEnd: boolean;
}

/** The result of one read. */
export interface LogRead {
  readonly payloads: readonly Buffer[];
  /** Number after the last payload. Without payloads, no record with a lower number is left. */
  readonly end: number;
  /** Number of records below `end` that could not be read, because their files are damaged. */
  readonly lost: number;
}

/** Memory for the frames of a group, in bytes. Larger groups get memory of their own. */
const SCRATCH_BYTES = 256 * 1024;

/**
 * How much room a file gets at once, in bytes. It is filled with zeros, so that most writes change
 * neither its size nor its blocks: syncing those takes the file system several times as long.
 */
const ALLOCATION_BYTES = 512 * 1024;

/**
 * A write to such a file ends when its bytes are on disk, as if fdatasync followed (open(2),
 * O_DSYNC): one step on a thread instead of two.
 */
const WRITE_SYNCED = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_DSYNC;

/**
 * Records in numbered files, appended at the end and removed from the start, with the position up
 * to which they were delivered. The newest records are also kept in memory.
 *
 * This is own code because LMDB did not pass our measurements: lmdb 3.5.6 formats the error of a
 * failed page write into a buffer that is too short (`malloc(100)` in its mdb.c), so a full disk
 * ends the process. It also does not report failed commits as rejections. A data plane must survive
 * a full disk. Plain files report the errors of the file system, need one synced write per group of
 * records, and lose only an unfinished write if the process or the machine crashes.
 *
 * A folder that cannot be read, for example because its disk is not mounted, is tried again with
 * every append. One appender and one reader at a time; they may run concurrently. Every method
 * throws file system errors.
 */
export class SegmentLog {
  private readonly mark: DeliveredMark;
  private readonly damaged: DamagedParts;
  private readonly recent: RecentRecords;
  private readonly reserve: JournalReserve;
  private readonly scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  private segments: Segment[] = [];
  private size = 0;
  private next = 1;
  private moved = 1;
  private prepared = false;
  private preparing: Promise<void> | undefined;
  private active: ActiveSegment | undefined;
  private reading: OpenSegment | undefined;
  /** The last damage that was reported: files are read again if a delivery failed. */
  private reported = { segment: '', offset: 0 };

  constructor(private readonly options: SegmentLogOptions) {
    this.mark = new DeliveredMark(options.directory);
    this.damaged = new DamagedParts(options.directory);
    this.reserve = new JournalReserve(options.directory, options.reserveBytes);
    this.recent = new RecentRecords(options.recentBytes);
  }

  /** Whether {@link prepare} has succeeded. Before that, the log looks empty. */
  get isPrepared(): boolean {
    return this.prepared;
  }

  /**
   * Writes and removes a small file, to find out whether the folder can be written. Throws the
   * reason. On a full disk it can as long as a part of the reserve is left.
   */
  async check(): Promise<void> {
    await this.prepare();
    const path = join(this.options.directory, 'check');
    await writeFile(path, 'x', { mode: 0o600 }).catch((error: unknown) => {
      if (!isDiskFull(error) || this.reserve.left === 0) throw error;
    });
    await rm(path, { force: true });
  }

  /** Returns the number and size of the files with damaged parts. Throws file system errors. */
  keptDamage(): Promise<KeptDamage> {
    return this.damaged.total();
  }

  /** Number of the next record. */
  get nextSequence(): number {
    return this.next;
  }

  /** Number of the first record that was not delivered. */
  get delivered(): number {
    return this.moved;
  }

  /** Size of the files in bytes. */
  get bytes(): number {
    return this.size;
  }

  /**
   * Finds the records of an earlier process, also after an incomplete last write. New records
   * always start a new file: existing files are never changed.
   */
  async prepare(): Promise<void> {
    if (this.prepared) return;
    this.preparing ??= this.find().finally(() => (this.preparing = undefined));
    await this.preparing;
  }

  /**
   * Writes records and resolves with the number of the first one when they are on disk. On failure,
   * none of them is in the log: the file is truncated and closed, and the next append starts a new
   * one.
   */
  async append(payloads: readonly Buffer[]): Promise<number> {
    if (!this.prepared) await this.prepare();
    return this.reserve.spend(() => this.appendOnce(payloads));
  }

  /**
   * Returns records from number `from` on, which was not delivered: at least one if there is one,
   * at most `maxRecords`, and about `maxBytes` bytes. Reads no file if they are still in memory.
   */
  async read(from: number, maxRecords: number, maxBytes: number): Promise<LogRead> {
    const recent = this.recent.read(from, maxRecords, maxBytes);
    if (recent !== undefined) return { payloads: recent, end: from + recent.length, lost: 0 };
    // More may be appended while files are read.
    const end = this.next;
    for (const segment of [...this.segments]) {
      if (segment.end <= from) continue;
      const found = await this.readSegment(segment, from, maxRecords, maxBytes);
      if (found.payloads.length > 0) return { ...found, lost: found.end - from - found.payloads.length };
    }
    return { payloads: [], end, lost: end - from };
  }

  /**
   * Marks all records below `sequence` as delivered, and removes the files that contain no other.
   */
  async moveTo(sequence: number): Promise<void> {
    // Without the mark, a later start delivers records again, which is harmless. Stopping here
    // would keep a full disk full.
    await this.reserve.spend(() => this.mark.save(sequence)).catch(this.options.onDelay);
    this.moved = sequence;
    this.recent.dropBefore(sequence);
    await this.removeDelivered();
    await this.reserve.fill();
  }

  /** Closes the files. No append may be running. */
  async close(): Promise<void> {
    this.reading = undefined;
    await this.finish();
  }

  private async find(): Promise<void> {
    const { directory, codec } = this.options;
    await makeDurableFolder(directory);
    const marked = await this.mark.load();
    const { segments, rest } = await findSegments(directory, codec);
    const last = segments.at(-1);
    if (last !== undefined && last.end === last.first) {
      segments.pop();
      await this.giveUp(last, rest !== undefined).catch(this.options.onDelay);
    }
    this.segments = segments;
    this.size = segments.reduce((sum, { bytes }) => sum + bytes, 0);
    this.next = Math.max(marked, last?.end ?? 1);
    this.moved = Math.max(marked, segments[0]?.first ?? this.next);
    this.prepared = true;
    await this.reserve.fill();
    if (rest !== undefined) await this.reportDamage(rest.path, rest.part, true);
    await this.removeDelivered();
  }

  private async appendOnce(payloads: readonly Buffer[]): Promise<number> {
    const active = this.active ?? (await this.begin());
    const { segment, file } = active;
    const first = this.next;
    const bytes = this.toFrames(first, payloads);
    try {
      await this.write(active, bytes);
    } catch (error) {
      // After a failed sync, the content of the disk is unknown, so the same file must not be
      // synced again.
      this.active = undefined;
      await file.close().catch(() => undefined);
      await truncate(segment.path, segment.bytes).catch(() => undefined);
      if (segment.end === segment.first) this.segments.pop();
      throw error;
    }
    this.size += bytes.length;
    segment.bytes += bytes.length;
    segment.end = this.next = first + payloads.length;
    this.recent.add(first, payloads);
    if (segment.bytes >= this.options.segmentBytes) await this.finish();
    return first;
  }

  /** Closes the file that is written, without the room that it did not need. */
  private async finish(): Promise<void> {
    if (this.active === undefined) return;
    const { file, segment } = this.active;
    this.active = undefined;
    await file.truncate(segment.bytes).catch(this.options.onDelay);
    await file.close().catch(this.options.onDelay);
  }

  private async begin(): Promise<ActiveSegment> {
    const path = segmentPath(this.options.directory, this.next);
    // An existing file is truncated; it contains no acknowledged record (see append).
    const file = await open(path, WRITE_SYNCED, 0o600);
    try {
      await syncFolder(this.options.directory);
    } catch (error) {
      await file.close();
      throw error;
    }
    const segment: Segment = { path, format: 'frames', first: this.next, end: this.next, bytes: 0 };
    this.segments.push(segment);
    this.active = { segment, file, allocated: 0, isDiskFull: false };
    return this.active;
  }

  private async write(active: ActiveSegment, bytes: Buffer): Promise<void> {
    const { file, segment } = active;
    const end = segment.bytes + bytes.length;
    if (end > active.allocated && !active.isDiskFull) {
      const room = Buffer.alloc(Math.min(ALLOCATION_BYTES, this.options.segmentBytes));
      try {
        await writeAll(file, Buffer.concat([bytes, room]), segment.bytes);
        active.allocated = end + room.length;
        return;
      } catch (error) {
        // The records alone may still fit.
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        active.isDiskFull = true;
      }
    }
    await writeAll(file, bytes, segment.bytes);
  }

  private toFrames(first: number, payloads: readonly Buffer[]): Buffer {
    const length = payloads.reduce((sum, payload) => sum + RECORD_HEADER_BYTES + payload.length, 0);
    const target = length <= SCRATCH_BYTES ? this.scratch : Buffer.allocUnsafe(length);
    let end = 0;
    for (const [index, payload] of payloads.entries()) end = writeRecordFrame(target, end, first + index, payload);
    return target.subarray(0, end);
  }

  private async readSegment(
    segment: Segment,
    from: number,
    maxRecords: number,
    maxBytes: number,
  ): Promise<Omit<LogRead, 'lost'>> {
    const payloads: Buffer[] = [];
    let bytes = 0;
    let end = from;
    const reading = await this.openAt(segment, from);
    while (payloads.length < maxRecords && bytes < maxBytes) {
      const record = reading.content.next();
      for (const part of reading.content.takeDamage())
        await this.reportDamage(segment.path, part, record === undefined);
      // Records after the end were never acknowledged.
      if (record === undefined || record.sequence >= segment.end) {
        if (reading.loaded >= segment.bytes) return { payloads, end };
        await this.load(reading, reading.content.offset);
        continue;
      }
      // A disk that repeats what it wrote must not repeat records.
      if (record.sequence < end) continue;
      payloads.push(record.payload);
      bytes += record.payload.length;
      end = record.sequence + 1;
      reading.next = end;
    }
    return { payloads, end };
  }

  /** Returns the open segment at or before the record with number `from`. */
  private async openAt(segment: Segment, from: number): Promise<OpenSegment> {
    if (this.reading?.segment === segment && this.reading.next <= from) return this.reading;
    const reading = { segment, content: NOTHING, loaded: 0, next: segment.first };
    await this.load(reading, 0);
    this.reading = reading;
    return reading;
  }

  private async load(reading: OpenSegment, offset: number): Promise<void> {
    // More may be appended while the file is read.
    const loaded = reading.segment.bytes;
    reading.content = await openContent(reading.segment, offset, this.options.codec).catch((error: unknown) => {
      // Somebody removed the file. Its records are lost, and later ones must not wait for them.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NOTHING;
      throw error;
    });
    reading.loaded = loaded;
  }

  private async removeDelivered(): Promise<void> {
    try {
      for (;;) {
        const [oldest] = this.segments;
        if (oldest === undefined || oldest === this.active?.segment || oldest.end > this.moved) return;
        if (this.reading?.segment === oldest) this.reading = undefined;
        await removeSegment(oldest);
        this.segments.shift();
        this.size -= oldest.bytes;
      }
    } catch (error) {
      this.options.onDelay(error);
    }
  }

  /** Removes a file without any record, or renames it if it is not empty. */
  private async giveUp(segment: Segment, hasBytes: boolean): Promise<void> {
    await (hasBytes ? rename(segment.path, `${segment.path}.damaged`) : removeSegment(segment));
  }

  private async reportDamage(path: string, part: DamagedPart, atEnd: boolean): Promise<void> {
    const segment = basename(path);
    if (this.reported.segment === segment && this.reported.offset >= part.offset) return;
    this.reported = { segment, offset: part.offset };
    const kept = await this.damaged.keep(path, part);
    this.options.onDamage({
      segment,
      offset: part.offset,
      bytes: part.bytes.length,
      kept,
      atEnd,
    });
  }
}

/** The segment that is being written. */
interface ActiveSegment {
  readonly segment: Segment;
  readonly file: FileHandle;
  /** Size of the file with the room that was filled with zeros, in bytes. */
  allocated: number;
  /** Whether there was no space for more room; then each write extends the file. */
  isDiskFull: boolean;
}

/** A segment that is being read. */
interface OpenSegment {
  readonly segment: Segment;
  content: SegmentContent;
  /** Size of the part of the file that `content` ends with, in bytes. */
  loaded: number;
  /** Number after the last record that was returned. */
  next: number;
}

const NOTHING: SegmentContent = new FramedContent(Buffer.alloc(0));
