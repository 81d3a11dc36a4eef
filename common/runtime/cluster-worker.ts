import cluster from 'node:cluster';

/**
 * Prepares a process that shares the port of its parent (ADR 50). Returns false if this process is
 * none.
 *
 * It is in the process group of its parent, so a terminal sends it the signals for the parent
 * (Ctrl-C, hang-up). It ignores them: the parent stops the planes in their order. If the parent
 * dies, node:cluster would end the process at once and cut its responses, unless it counts as a
 * process that left by itself.
 */
export function joinCluster(): boolean {
  const { worker } = cluster;
  if (worker === undefined) return false;
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  process.on('SIGHUP', ignore);
  worker.on('disconnect', () => {
    worker.exitedAfterDisconnect = true;
  });
  return true;
}
