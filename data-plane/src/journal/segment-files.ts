import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeFrames } from '../../../common/files/frames';

const SEGMENT = /^(\d{16})\.log$/;

/** One file of a segment log. Records are numbered from 1 across all files; the name is the number of the first. */
export interface Segment {
  readonly path: string;
  readonly first: number;
  /** Whole records in it. */
  records: number;
  /** Bytes that those take; what lies behind them is a write that was never acknowledged. */
  bytes: number;
}

/** Path of the segment whose first record has this number. */
export function segmentPath(directory: string, first: number): string {
  return join(directory, `${String(first).padStart(16, '0')}.log`);
}

/**
 * The segments found in a folder, oldest first. How many records the last one holds is counted by reading it; that of
 * the others follows from the name of the next. Files without a whole record are taken away.
 */
export async function findSegments(directory: string): Promise<Segment[]> {
  const firsts = (await readdir(directory))
    .map((name) => SEGMENT.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  const segments: Segment[] = [];
  for (const [index, first] of firsts.entries()) {
    const path = segmentPath(directory, first);
    const next = firsts[index + 1];
    // The names say how many records there must be; only reading says how many bytes they take.
    const content = next === undefined ? await readFile(path) : undefined;
    const found = content === undefined ? undefined : decodeFrames(content);
    if (content !== undefined && found?.payloads.length === 0) {
      if (content.length === 0) await rm(path);
      else await rename(path, `${path}.damaged`);
      continue;
    }
    segments.push({
      path,
      first,
      records: found?.payloads.length ?? next! - first,
      bytes: found?.consumed ?? Number.POSITIVE_INFINITY,
    });
  }
  return segments;
}
