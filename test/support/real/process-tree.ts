import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks per second in /proc/PID/stat (USER_HZ, 100 on every Linux that Node.js supports). */
const TICKS_PER_SECOND = 100;

/** Returns the direct children of a process with their command lines. Reads /proc of Linux. */
export function childrenOf(pid: number): { readonly pid: number; readonly commandLine: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => statFields(candidate)?.[1] === String(pid))
    .map((child) => ({ pid: child, commandLine: readText(`/proc/${child}/cmdline`).replaceAll('\0', ' ').trim() }));
}

/** Returns true if a process with this id exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  const state = statFields(pid)?.[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/**
 * Returns the CPU time of a process in seconds, user and system, of all threads. Throws an Error if
 * the process does not exist.
 */
export function cpuSeconds(pid: number): number {
  const fields = statFields(pid);
  if (fields === undefined) throw new Error(`Process ${pid} does not exist`);
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/**
 * Returns the peak resident memory of a process in bytes (VmHWM). Throws an Error if the process
 * does not exist.
 */
export function peakMemoryBytes(pid: number): number {
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`));
  if (match === null) throw new Error(`Process ${pid} does not exist`);
  return Number(match[1]) * 1024;
}

/**
 * Returns the fields of /proc/PID/stat from the third one (state) on. The second field is a name
 * that may contain spaces.
 */
function statFields(pid: number): string[] | undefined {
  const text = readText(`/proc/${pid}/stat`);
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Returns an empty string if the process has ended. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
