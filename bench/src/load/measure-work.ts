import { setTimeout as pause } from 'node:timers/promises';
import { cpuSeconds } from '../../../test/support/real/process-tree';

/** The duration and CPU time of some work. */
export interface Work {
  /** CPU seconds of the processes. */
  readonly cpu: number;
  readonly seconds: number;
}

/** Runs `work` and measures its duration and the CPU time of the processes. */
export async function measureWork(pids: readonly number[], work: () => Promise<unknown>): Promise<Work> {
  const used = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const before = used();
  const started = process.hrtime.bigint();
  await work();
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  // The kernel accounts the last ticks of CPU time with a short delay.
  await pause(100);
  return { cpu: used() - before, seconds };
}
