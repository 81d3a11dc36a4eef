import { setTimeout as pause } from 'node:timers/promises';
import { quantile } from '../../statistics';
import { formatRequest, LoadConnection } from '../load-connection';

/** GET requests for one path at a steady rate, whether or not earlier ones were answered. */
export interface OpenLoop {
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly perSecond: number;
  readonly seconds: number;
}

/** How long requests took, in milliseconds. */
export interface LatencyResult {
  readonly requests: number;
  readonly p50: number;
  readonly p99: number;
}

/**
 * Sends requests on schedule. A request that finds no free connection waits, and the time that it
 * waits counts, so that a slow server can't hide behind the requests that it delays. The lateness
 * of the timer does not count. Throws an Error if an answer is not 200.
 */
export async function runOpenLoop(loop: OpenLoop): Promise<LatencyResult> {
  const { host, path, headers, perSecond, seconds } = loop;
  const request = formatRequest('GET', host, path, headers);
  const all = Array.from({ length: loop.connections }, () => new LoadConnection(host));
  const free = [...all];
  const waiting: ((connection: LoadConnection) => void)[] = [];
  const latencies: number[] = [];
  const sendOne = async (): Promise<void> => {
    const due = performance.now();
    const connection = free.pop() ?? (await new Promise<LoadConnection>((resolve) => waiting.push(resolve)));
    try {
      const { status } = await connection.send(request);
      if (status !== 200) throw new Error(`GET ${path} from ${host} was answered with ${status}`);
      latencies.push(performance.now() - due);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free.push(connection);
      else next(connection);
    }
  };
  try {
    const started = performance.now();
    const running: Promise<void>[] = [];
    const total = perSecond * seconds;
    let hasFailed = false;
    while (running.length < total && !hasFailed) {
      await pause(1);
      while (running.length < total && started + (running.length * 1000) / perSecond <= performance.now()) {
        const one = sendOne();
        // Reported below; until then a failure has no other handler.
        one.catch(() => (hasFailed = true));
        running.push(one);
      }
    }
    await Promise.all(running);
  } finally {
    for (const connection of all) connection.close();
  }
  return { requests: latencies.length, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}
