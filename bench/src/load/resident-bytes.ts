import { readFileSync } from 'node:fs';

/**
 * Returns the resident memory of a process in bytes (VmRSS of /proc on Linux), or 0 if the process
 * has ended.
 */
export function residentBytes(pid: number): number {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return 0;
  }
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
