import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeFrames } from '../../../common/files/frames';

const SEGMENT = /^(\d{16})\.log$/;

/**
 * One file of a segment log. Records are numbered from 1 across all files; the name of a file is
 * the number of its first record.
 */
export interface Segment {
  readonly path: string;
  readonly first: number;
  /** Number of complete records in it. */
  records: number;
  /**
   * Size of these records in bytes. Bytes after them belong to a write that was never acknowledged.
   */
  bytes: number;
}

/** Returns the path of the segment whose first record has this number. */
export function segmentPath(directory: string, first: number): string {
  return join(directory, `${String(first).padStart(16, '0')}.log`);
}

/**
 * Returns the segments in a folder, oldest first. The records of the last segment are counted by
 * reading it; the counts of the others follow from the name of the next one. Files without a
 * complete record are removed: empty ones are deleted, others renamed to `*.damaged`.
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
    // The names give the number of records, but only reading gives their size in bytes.
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
