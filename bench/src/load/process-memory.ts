import { readFileSync } from 'node:fs';

/** The memory of processes, in bytes. */
export interface ProcessMemory {
  /**
   * The sum of their resident memory (RSS). A page that several processes share, for example of the
   * code of Node.js, counts in each of them.
   */
  readonly resident: number;
  /**
   * The same with every mapped file once, with the most that one process has of it. Unlike the
   * proportional memory (PSS), this does not become less when other programs run the same files.
   */
  readonly occupied: number;
}

/** Returns the memory of processes from /proc (proc(5), smaps). One that has ended has none. */
export function memoryOf(pids: readonly number[]): ProcessMemory {
  const all = pids.map(mappingsOf);
  const files = new Map<string, number>();
  for (const { ofFiles } of all)
    for (const [file, bytes] of ofFiles) files.set(file, Math.max(files.get(file) ?? 0, bytes));
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
  const own = sum(all.map(({ own }) => own));
  return {
    resident: own + sum(all.map(({ ofFiles }) => sum(ofFiles.values()))),
    occupied: own + sum(files.values()),
  };
}

/** Returns the bytes of a process that are its own, and those of each mapped file. */
function mappingsOf(pid: number): { readonly own: number; readonly ofFiles: ReadonlyMap<string, number> } {
  const ofFiles = new Map<string, number>();
  let own = 0;
  let file = '';
  let resident = 0;
  for (const line of linesOf(`/proc/${pid}/smaps`)) {
    const begin = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ (\S+) (\d+) *(.*)$/.exec(line);
    if (begin !== null) file = begin[2] === '0' ? '' : `${begin[1]} ${begin[2]}`;
    const [, name, kib] = /^(Rss|Anonymous): +(\d+) kB$/.exec(line) ?? [];
    if (name === 'Rss') resident = Number(kib) * 1024;
    if (name !== 'Anonymous') continue;
    // Pages of a file that the process has changed are its own.
    const changed = file === '' ? resident : Number(kib) * 1024;
    own += changed;
    if (file !== '') ofFiles.set(file, (ofFiles.get(file) ?? 0) + resident - changed);
  }
  return { own, ofFiles };
}

function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}
