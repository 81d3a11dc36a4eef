import { runLoad } from './run-load';

/** A load of GET requests for one URL. */
export interface Load {
  readonly url: string;
  readonly accept: string;
  readonly connections: number;
  readonly seconds: number;
}

/**
 * Measures the answered requests per second. Throws an Error if any answer was not 200 or a
 * connection broke, because such a run is not a result.
 */
export async function requestsPerSecond({ url, accept, connections, seconds }: Load): Promise<number> {
  const { host, pathname } = new URL(url);
  const job = { host, path: pathname, headers: { Accept: accept }, connections, seconds };
  const result = await runLoad('closedLoop', job);
  return result.requests / result.seconds;
}
