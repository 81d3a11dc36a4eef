import { formatRequest, LoadConnection } from '../load-connection';
import type { LoopResult } from './closed-loop';

/** As many GET requests for many paths as some connections can make. */
export interface SpreadLoop {
  readonly host: string;
  /** Requested one after the other, and from the beginning again, by all connections together. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

/**
 * Sends the next request on each connection as soon as the last one is answered. Throws an Error if
 * an answer is not 200.
 */
export async function runSpreadLoop(loop: SpreadLoop): Promise<LoopResult> {
  const { host, paths, headers } = loop;
  const started = performance.now();
  const end = started + loop.seconds * 1000;
  let next = 0;
  let requests = 0;
  let isOver = false;
  const client = async (): Promise<void> => {
    const connection = new LoadConnection(host);
    try {
      for (; !isOver && performance.now() < end; requests += 1) {
        const path = paths[next++ % paths.length]!;
        const { status } = await connection.send(formatRequest('GET', host, path, headers));
        if (status !== 200) throw new Error(`GET ${path} from ${host} was answered with ${status}`);
      }
    } finally {
      // The other connections stop too if this one has failed.
      isOver = true;
      connection.close();
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: loop.connections }, client));
  for (const outcome of ended) if (outcome.status === 'rejected') throw outcome.reason;
  return { requests, seconds: (performance.now() - started) / 1000 };
}
