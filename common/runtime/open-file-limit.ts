import { readFileSync } from 'node:fs';

/** The limits of this process in the format of proc(5). */
const LIMITS_FILE = '/proc/self/limits';

/**
 * Returns how many files and sockets this process may have open (RLIMIT_NOFILE, `ulimit -n`).
 * Node.js raises the soft limit to the hard one when it starts. Returns Infinity if there is no
 * limit, or if the system does not tell it.
 */
export function openFileLimit(file = LIMITS_FILE): number {
  try {
    const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync(file, 'utf8')) ?? [];
    const limit = Number(soft);
    return Number.isSafeInteger(limit) && limit > 0 ? limit : Infinity;
  } catch {
    return Infinity;
  }
}
