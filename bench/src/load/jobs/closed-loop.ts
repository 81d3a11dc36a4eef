import { formatRequest, LoadConnection } from '../load-connection';

/** As many GET requests for one path as some connections can make. */
export interface ClosedLoop {
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

/** The answered requests of a loop. */
export interface LoopResult {
  readonly requests: number;
  readonly seconds: number;
}

/**
 * Sends the next request on each connection as soon as the last one is answered. Throws an Error if
 * an answer is not 200 or has another length than the first one, because such a run is no result.
 */
export async function runClosedLoop(loop: ClosedLoop): Promise<LoopResult> {
  const { host, path, headers, connections, seconds } = loop;
  const request = formatRequest('GET', host, path, headers);
  const started = performance.now();
  const end = started + seconds * 1000;
  let requests = 0;
  let length: number | undefined;
  let isOver = false;
  const client = async (): Promise<void> => {
    const connection = new LoadConnection(host);
    try {
      while (!isOver && performance.now() < end) {
        const { status, bytes } = await connection.send(request);
        length ??= bytes;
        if (status !== 200 || bytes !== length)
          throw new Error(`GET ${path} from ${host} was answered with ${status} and ${bytes} bytes`);
        requests += 1;
      }
    } finally {
      // The other connections stop too if this one has failed.
      isOver = true;
      connection.close();
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: connections }, client));
  for (const outcome of ended) if (outcome.status === 'rejected') throw outcome.reason;
  return { requests, seconds: (performance.now() - started) / 1000 };
}
