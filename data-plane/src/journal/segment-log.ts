import { type FileHandle, link, open, rm, truncate } from 'node:fs/promises';
import { makeDurableFolder, syncFolder } from '../../../common/files/durable-folder';
import { writeAll } from '../../../common/files/write-all';
import { type Segment, findSegments, segmentPath } from './segment-files';
import { SegmentReader } from './segment-reader';

/** The folder of a segment log, and how it is divided into files. */
export interface SegmentLogOptions {
  readonly directory: string;
  /** A file that has reached this many bytes is followed by a new one. */
  readonly segmentBytes: number;
  /**
   * Records with lower numbers are not needed any more; new records get this number or higher ones.
   */
  readonly from: number;
}

/** The result of one read. */
export interface LogRead {
  /** Number of the first payload; the others follow without gaps. */
  readonly first: number;
  readonly payloads: readonly Buffer[];
  /**
   * Number of requested records before `first` that could not be read, because their file is
   * damaged. A copy is kept next to it as `*.damaged`.
   */
  readonly lost: number;
}

/**
 * Records in numbered files, appended at the end and removed from the start.
 *
 * This is own code because LMDB did not pass our measurements: lmdb 3.5.6 formats the error of a
 * failed page write into a buffer that is too short (`malloc(100)` in its mdb.c), so a full disk
 * ends the process. It also does not report failed commits as rejections. A data plane must survive
 * a full disk. Plain files report the errors of the file system, need one fdatasync per group of
 * records, and lose only an unfinished write if the process or the machine crashes.
 *
 * One appender and one reader at a time; they may run concurrently. Every method throws file system
 * errors.
 */
export class SegmentLog {
  private readonly reader = new SegmentReader();
  private active: { readonly segment: Segment; readonly file: FileHandle } | undefined;

  private constructor(
    private readonly options: SegmentLogOptions,
    private readonly segments: Segment[],
    private next: number,
  ) {}

  /**
   * Opens a log with the records of an earlier process, also after an incomplete last write. New
   * records always start a new file: existing files are never changed.
   */
  static async open(options: SegmentLogOptions): Promise<SegmentLog> {
    await makeDurableFolder(options.directory);
    const segments = await findSegments(options.directory);
    const last = segments.at(-1);
    const log = new SegmentLog(options, segments, Math.max(options.from, last ? last.first + last.records : 1));
    await log.dropBefore(options.from);
    return log;
  }

  /** Number of the next record. */
  get nextSequence(): number {
    return this.next;
  }

  /** Number of the oldest stored record, or of the next record if there is none. */
  get firstSequence(): number {
    return this.segments[0]?.first ?? this.next;
  }

  /**
   * Approximate size of the records on disk in bytes. Files whose end was not read count as full.
   */
  get bytes(): number {
    return this.segments.reduce((sum, { bytes }) => sum + Math.min(bytes, this.options.segmentBytes), 0);
  }

  /**
   * Writes frames (see encodeFrame) and resolves when they are on disk. On failure, none of them is
   * in the log: the file is truncated and closed, and the next append starts a new one.
   */
  async append(frames: readonly Buffer[]): Promise<void> {
    const { segment, file } = this.active ?? (await this.begin());
    const bytes = frames.length === 1 ? frames[0]! : Buffer.concat(frames);
    try {
      await writeAll(file, bytes, segment.bytes);
      await file.datasync();
    } catch (error) {
      // After a failed sync, the content of the disk is unknown, so the same file must not be
      // synced again.
      this.active = undefined;
      await file.close().catch(() => undefined);
      await truncate(segment.path, segment.bytes).catch(() => undefined);
      if (segment.records === 0) this.segments.pop();
      throw error;
    }
    segment.bytes += bytes.length;
    segment.records += frames.length;
    this.next += frames.length;
    if (segment.bytes >= this.options.segmentBytes) {
      this.active = undefined;
      await file.close();
    }
  }

  /**
   * Returns records from number `from` on: at least one if there is one, at most `maxRecords`, and
   * about `maxBytes` bytes.
   */
  async read(from: number, maxRecords: number, maxBytes: number): Promise<LogRead> {
    let first = from;
    for (const segment of [...this.segments]) {
      const end = segment.first + segment.records;
      if (first >= end) continue;
      first = Math.max(first, segment.first);
      const { payloads, damaged } = await this.reader.read(segment, first, maxRecords, maxBytes);
      if (payloads.length > 0) return { first, payloads, lost: first - from };
      if (damaged) await link(segment.path, `${segment.path}.damaged`).catch(() => undefined);
      first = end;
    }
    return { first, payloads: [], lost: first - from };
  }

  /** Removes all files that only contain records with numbers below `sequence`. */
  async dropBefore(sequence: number): Promise<void> {
    for (;;) {
      const [oldest] = this.segments;
      if (oldest === undefined || oldest === this.active?.segment || oldest.first + oldest.records > sequence) return;
      await this.reader.close();
      await rm(oldest.path, { force: true });
      this.segments.shift();
    }
  }

  /** Closes the files. No append may be running. */
  async close(): Promise<void> {
    const file = this.active?.file;
    this.active = undefined;
    await Promise.all([this.reader.close(), file?.close()]);
  }

  private async begin(): Promise<{ readonly segment: Segment; readonly file: FileHandle }> {
    const path = segmentPath(this.options.directory, this.next);
    // 'w' truncates an existing file, which contains no acknowledged record (see append).
    const file = await open(path, 'w', 0o600);
    try {
      await syncFolder(this.options.directory);
    } catch (error) {
      await file.close();
      throw error;
    }
    const segment: Segment = { path, first: this.next, records: 0, bytes: 0 };
    this.segments.push(segment);
    this.active = { segment, file };
    return this.active;
  }
}
