import { readdirSync } from 'node:fs';
import type { NamedProcess } from '../peers/process-tree';

/** Returns the number of file descriptors of a process; 0 if it has ended. */
export function openFiles(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** Interval of {@link watchOpenFiles}, in milliseconds. */
const LOOK_MS = 10;

/**
 * Watches the number of file descriptors of processes, until it is stopped. Stopping returns the
 * most of each process, by name.
 */
export function watchOpenFiles(processes: readonly NamedProcess[]): () => ReadonlyMap<string, number> {
  const most = new Map(processes.map(({ name, pid }) => [name, openFiles(pid)]));
  const look = (): void => {
    for (const { name, pid } of processes) most.set(name, Math.max(most.get(name)!, openFiles(pid)));
  };
  const timer = setInterval(look, LOOK_MS);
  return () => {
    clearInterval(timer);
    look();
    return most;
  };
}
