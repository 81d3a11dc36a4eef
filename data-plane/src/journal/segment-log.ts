import { type FileHandle, link, open, rm, truncate } from 'node:fs/promises';
import { makeDurableFolder, syncFolder } from '../../../common/files/durable-folder';
import { writeAll } from '../../../common/files/write-all';
import { type Segment, findSegments, segmentPath } from './segment-files';
import { SegmentReader } from './segment-reader';

/** Where a segment log lies and how it is cut into files. */
export interface SegmentLogOptions {
  readonly directory: string;
  /** A file that has reached this many bytes is followed by a new one. */
  readonly segmentBytes: number;
  /** Records numbered below this are not wanted any more; new ones are numbered above. */
  readonly from: number;
}

/** Records that one read gave. */
export interface LogRead {
  /** Number of the first payload; each next one is one higher. */
  readonly first: number;
  readonly payloads: readonly Buffer[];
  /** Records before `first` that were to be read and could not be: their file is damaged. A copy is kept beside it as `*.damaged`. */
  readonly lost: number;
}

/**
 * Records in numbered files, appended at the end and taken away from the beginning.
 *
 * Own code, after measuring: LMDB (lmdb 3.5.6) formats the error of a failed page write into a buffer that is too short
 * (`malloc(100)` in its mdb.c), so that a full disk ends the process, and its commit failures reach nobody as rejections;
 * a data plane must outlive a full disk. Plain files give the errors of the file system, need one fdatasync for a
 * group of records, and lose nothing but an unfinished write when the process or the machine dies.
 *
 * One appender and one reader at a time; they may overlap. Every method throws what the file system throws.
 */
export class SegmentLog {
  private readonly reader = new SegmentReader();
  private active: { readonly segment: Segment; readonly file: FileHandle } | undefined;

  private constructor(
    private readonly options: SegmentLogOptions,
    private readonly segments: Segment[],
    private next: number,
  ) {}

  /** Finds what an earlier process left, torn end included. New records always begin a new file: what is there is never changed. */
  static async open(options: SegmentLogOptions): Promise<SegmentLog> {
    await makeDurableFolder(options.directory);
    const segments = await findSegments(options.directory);
    const last = segments.at(-1);
    const log = new SegmentLog(options, segments, Math.max(options.from, last ? last.first + last.records : 1));
    await log.dropBefore(options.from);
    return log;
  }

  /** Number that the next record gets. */
  get nextSequence(): number {
    return this.next;
  }

  /** Number of the oldest record that is there, or that of the next one. */
  get firstSequence(): number {
    return this.segments[0]?.first ?? this.next;
  }

  /** Bytes of records on disk, about: files whose end was not read count as full. */
  get bytes(): number {
    return this.segments.reduce((sum, { bytes }) => sum + Math.min(bytes, this.options.segmentBytes), 0);
  }

  /**
   * Writes frames (see encodeFrame) and resolves when they are on disk. On failure none of them is in the log: the file
   * is cut back and closed, and the next append begins another.
   */
  async append(frames: readonly Buffer[]): Promise<void> {
    const { segment, file } = this.active ?? (await this.begin());
    const bytes = frames.length === 1 ? frames[0]! : Buffer.concat(frames);
    try {
      await writeAll(file, bytes, segment.bytes);
      await file.datasync();
    } catch (error) {
      // After a failed sync nobody knows what is on disk; never sync the same file again.
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

  /** Records from number `from` on: at least one where there is one, at most `maxRecords` and about `maxBytes`. */
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

  /** Removes every file whose records are all numbered below `sequence`. */
  async dropBefore(sequence: number): Promise<void> {
    for (;;) {
      const [oldest] = this.segments;
      if (oldest === undefined || oldest === this.active?.segment || oldest.first + oldest.records > sequence) return;
      await this.reader.close();
      await rm(oldest.path, { force: true });
      this.segments.shift();
    }
  }

  /** Closes the files. No append may be under way. */
  async close(): Promise<void> {
    const file = this.active?.file;
    this.active = undefined;
    await Promise.all([this.reader.close(), file?.close()]);
  }

  private async begin(): Promise<{ readonly segment: Segment; readonly file: FileHandle }> {
    const path = segmentPath(this.options.directory, this.next);
    // 'w': where this file is there already, it holds nothing that was ever acknowledged (see append).
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
