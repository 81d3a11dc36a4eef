import { type FileHandle, open } from 'node:fs/promises';
import { decodeFrames } from '../../../common/files/frames';
import type { Segment } from './segment-files';

const CHUNK_BYTES = 512 * 1024;

/** The result of one read of a segment. */
export interface SegmentRead {
  readonly payloads: readonly Buffer[];
  /**
   * The bytes at the read position are not a record. All bytes after them in this file are lost.
   */
  readonly damaged: boolean;
}

/**
 * Reads records of segments in order and remembers its position, so the next call continues without
 * searching. One reader at a time; its creator closes it.
 */
export class SegmentReader {
  private file: FileHandle | undefined;
  private path: string | undefined;
  /** Number of the record at `offset`. */
  private sequence = 0;
  private offset = 0;

  /**
   * Returns up to `maxRecords` records and about `maxBytes` bytes (at least one record) from number
   * `sequence` of this segment. Throws file system errors.
   */
  async read(segment: Segment, sequence: number, maxRecords: number, maxBytes: number): Promise<SegmentRead> {
    await this.goTo(segment, sequence);
    while (this.sequence < sequence) {
      const skipped = await this.next(segment, sequence - this.sequence, CHUNK_BYTES);
      if (skipped.payloads.length === 0) return { payloads: [], damaged: true };
      this.sequence += skipped.payloads.length;
      this.offset += skipped.consumed;
    }
    const left = segment.first + segment.records - sequence;
    const found = await this.next(segment, Math.min(maxRecords, left), maxBytes);
    // A file that ends before its last record is damaged too.
    if (found.payloads.length === 0) return { payloads: [], damaged: left > 0 };
    this.sequence += found.payloads.length;
    this.offset += found.consumed;
    return { payloads: found.payloads, damaged: false };
  }

  /** Closes the open file, so that it may be removed. */
  async close(): Promise<void> {
    const file = this.file;
    this.file = undefined;
    this.path = undefined;
    await file?.close();
  }

  private async goTo(segment: Segment, sequence: number): Promise<void> {
    if (this.path === segment.path && this.sequence <= sequence) return;
    if (this.path !== segment.path) {
      await this.close();
      this.file = await open(segment.path, 'r');
      this.path = segment.path;
    }
    this.sequence = segment.first;
    this.offset = 0;
  }

  private async next(
    segment: Segment,
    limit: number,
    maxBytes: number,
  ): Promise<{ readonly payloads: readonly Buffer[]; readonly consumed: number }> {
    for (let size = Math.min(CHUNK_BYTES, maxBytes); ;) {
      const length = Math.min(size, segment.bytes - this.offset);
      const { buffer, bytesRead } = await this.file!.read(Buffer.allocUnsafe(length), 0, length, this.offset);
      const found = decodeFrames(buffer.subarray(0, bytesRead), limit);
      if (found.payloads.length > 0 || found.wanted <= bytesRead || bytesRead < size) return found;
      // The first record alone is larger than the chunk.
      size = found.wanted;
    }
  }
}
