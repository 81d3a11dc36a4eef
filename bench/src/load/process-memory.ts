import { readFileSync } from 'node:fs';

/** The memory of a process, in bytes. */
export interface ProcessMemory {
  /**
   * Resident memory (RSS). Pages that several processes share, for example the code of Node.js,
   * count in each of them.
   */
  readonly resident: number;
  /**
   * Proportional memory (PSS): a page that n processes share counts as a n-th of it. The sum over
   * processes is the memory that ends with them.
   */
  readonly proportional: number;
}

const NONE: ProcessMemory = { resident: 0, proportional: 0 };

/** Returns the memory of a process from /proc (proc(5), smaps_rollup); zero if it has ended. */
export function processMemory(pid: number): ProcessMemory {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  } catch {
    return NONE;
  }
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { resident: bytes('Rss'), proportional: bytes('Pss') };
}

/** Returns the sum over processes. */
export function memoryOfAll(pids: readonly number[]): ProcessMemory {
  return pids.map(processMemory).reduce(
    (sum, one) => ({
      resident: sum.resident + one.resident,
      proportional: sum.proportional + one.proportional,
    }),
    NONE,
  );
}
