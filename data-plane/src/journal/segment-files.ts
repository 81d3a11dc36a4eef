import { type FileHandle, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { JsonContent } from './json-content';
import type { RecordCodec } from './record-codec';
import { type DamagedPart, FramedContent, type SegmentContent } from './segment-content';

/** Names of segments: the number of the first record, and the format by the extension. */
const SEGMENT = /^(\d{16})\.(records|log)$/;

/**
 * One file of a segment log. Records are numbered from 1 across all files; the name of a file is
 * the number of its first record.
 */
export interface Segment {
  readonly path: string;
  readonly format: 'frames' | 'json';
  readonly first: number;
  /** Number after its last record. */
  end: number;
  /**
   * Size of these records in bytes. Bytes after them belong to a write that was never acknowledged.
   */
  bytes: number;
}

/** The segments in a folder. */
export interface FoundSegments {
  /** Oldest first. */
  readonly segments: Segment[];
  /** What follows the last record of the last segment: an unfinished write, or damage. */
  readonly rest: { readonly path: string; readonly part: DamagedPart } | undefined;
}

/** Returns the path of the segment whose first record has this number. */
export function segmentPath(directory: string, first: number): string {
  return join(directory, `${String(first).padStart(16, '0')}.records`);
}

/**
 * Returns the segments in a folder. The records of the last segment are counted by reading it; the
 * counts of the others follow from the name of the next one. Throws file system errors.
 */
export async function findSegments(directory: string, codec: RecordCodec): Promise<FoundSegments> {
  const names = (await readdir(directory)).filter((name) => SEGMENT.test(name)).sort();
  const segments: Segment[] = [];
  for (const [index, name] of names.entries()) {
    const path = join(directory, name);
    const format = name.endsWith('.log') ? 'json' : 'frames';
    const first = Number(name.slice(0, 16));
    const next = names[index + 1];
    const { size } = await stat(path);
    const end = next === undefined ? first : Number(next.slice(0, 16));
    segments.push({ path, format, first, end, bytes: size });
  }
  const last = segments.at(-1);
  return { segments, rest: last && (await findEnd(last, codec)) };
}

async function findEnd(segment: Segment, codec: RecordCodec): Promise<FoundSegments['rest']> {
  const bytes = await readFile(segment.path);
  segment.bytes = 0;
  const content: SegmentContent =
    segment.format === 'json' ? new JsonContent(bytes, segment.first, undefined, codec) : new FramedContent(bytes);
  for (let record = content.next(); record !== undefined; record = content.next()) {
    // Bytes that a disk repeats are no new records.
    segment.end = Math.max(segment.end, record.sequence + 1);
    segment.bytes = content.offset;
  }
  const part = content.takeDamage().find(({ offset }) => offset >= segment.bytes);
  return part && { path: segment.path, part };
}

/**
 * Opens the records of a segment from an offset on; JSON segments are always read from the start.
 * Throws file system errors.
 */
export async function openContent(segment: Segment, offset: number, codec: RecordCodec): Promise<SegmentContent> {
  const file = await open(segment.path, 'r');
  try {
    if (segment.format === 'json') {
      return new JsonContent(await readRange(file, 0, segment.bytes), segment.first, segment.end, codec);
    }
    return new FramedContent(await readRange(file, offset, segment.bytes), offset);
  } finally {
    await file.close();
  }
}

/** Removes a segment. Throws file system errors, except that it does not exist. */
export function removeSegment(segment: Segment): Promise<void> {
  return rm(segment.path, { force: true });
}

/** Returns the bytes from `start` to `end`, or to the end of the file if it is shorter. */
async function readRange(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, end - start));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
