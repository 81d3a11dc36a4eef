import { formatRequest, LoadConnection } from '../load-connection';
import type { LoopResult } from './closed-loop';

/** As many GET requests for many paths as some connections can make. */
export interface SpreadLoop {
  readonly host: string;
  /** Requested one after the other, and from the beginning again, by all connections together. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  /** Further connections that make one request before and are then silent. */
  readonly idle: number;
  readonly seconds: number;
}

/**
 * Sends the next request on each connection as soon as the last one is answered, until the time is
 * over. Throws an Error if an answer is not 200.
 */
export async function runSpreadLoop(loop: SpreadLoop): Promise<LoopResult> {
  const { host, paths, headers } = loop;
  let next = 0;
  const get = async (connection: LoadConnection): Promise<void> => {
    const path = paths[next++ % paths.length]!;
    const { status } = await connection.send(formatRequest('GET', host, path, headers));
    if (status !== 200) throw new Error(`GET ${path} from ${host} was answered with ${status}`);
  };
  const idle = Array.from({ length: loop.idle }, () => new LoadConnection(host, IDLE_BUFFER));
  const busy = Array.from({ length: loop.connections }, () => new LoadConnection(host));
  try {
    // One after the other, because a burst of connections would overflow the backlog of the server.
    for (const connection of idle) await get(connection);
    const started = performance.now();
    const end = started + loop.seconds * 1000;
    let requests = 0;
    let isOver = false;
    const client = async (connection: LoadConnection): Promise<void> => {
      try {
        while (!isOver && performance.now() < end) {
          await get(connection);
          requests += 1;
        }
      } finally {
        isOver = true;
      }
    };
    const ended = await Promise.allSettled(busy.map(client));
    for (const outcome of ended) if (outcome.status === 'rejected') throw outcome.reason;
    return { requests, seconds: (performance.now() - started) / 1000 };
  } finally {
    for (const connection of [...idle, ...busy]) connection.close();
  }
}

/** Read buffer of a connection that is silent, in bytes. */
const IDLE_BUFFER = 4 * 1024;
