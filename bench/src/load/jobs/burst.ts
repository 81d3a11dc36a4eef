import { formatRequest, LoadConnection } from '../load-connection';

/** GET requests that begin at the same time, each on its own connection. */
export interface Burst {
  readonly host: string;
  readonly paths: readonly string[];
}

/** How a burst was answered. */
export interface BurstResult {
  readonly seconds: number;
  /** Complete answers with status 200. */
  readonly answered: number;
  /** Other answers by status, and broken connections as status 0. */
  readonly failed: Readonly<Record<number, number>>;
}

const BUFFER_BYTES = 64 * 1024;

/** Requests all paths at once. Counts answers that are not 200 and connections that break. */
export async function runBurst({ host, paths }: Burst): Promise<BurstResult> {
  const started = performance.now();
  const statuses = await Promise.all(
    paths.map(async (path) => {
      const connection = new LoadConnection(host, BUFFER_BYTES);
      try {
        return (await connection.send(formatRequest('GET', host, path))).status;
      } catch {
        return 0;
      } finally {
        connection.close();
      }
    }),
  );
  const failed: Record<number, number> = {};
  for (const status of statuses) if (status !== 200) failed[status] = (failed[status] ?? 0) + 1;
  return {
    seconds: (performance.now() - started) / 1000,
    answered: statuses.filter((status) => status === 200).length,
    failed,
  };
}
