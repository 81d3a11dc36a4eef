/**
 * Returns the processor time, in milliseconds, that synchronous work takes. Unlike the time on the wall, it does not
 * grow when other processes keep the machine busy. For work whose cost an attacker could drive up.
 */
export function cpuMillisecondsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
