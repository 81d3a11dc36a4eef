/**
 * Returns the CPU time of synchronous work, in milliseconds. Unlike elapsed time, it does not grow
 * when other processes keep the machine busy. For work whose cost an attacker could increase.
 */
export function cpuMillisecondsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
