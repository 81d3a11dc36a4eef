import { formatRequest, LoadConnection, type LoadRequest } from '../load-connection';
import { BLOB_BUFFER } from '../read-blob';

/** A request of a replay. */
export interface ReplayRequest {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  /** Size of the body of the answer, if it is a blob. */
  readonly bytes?: number;
  /** True if the server may ask for credentials (401) instead of answering 200, as for a ping. */
  readonly mayChallenge?: boolean;
  /** The path of the manifest that a client needs before it can ask for the blob. */
  readonly after?: string;
}

/** A sequence of requests that some connections work off. */
export interface Replay {
  readonly host: string;
  readonly accept: string;
  readonly connections: number;
  readonly requests: readonly ReplayRequest[];
}

/** What a replay has received. */
export interface ReplayResult {
  /** Number of requests, including those for manifests that a blob needed first. */
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * Sends the requests in their order, each on the next free connection. Before the first request for
 * a blob of an image, its manifest is requested, as every client does. Throws an Error if an answer
 * is not 200 or a blob has another size.
 */
export async function runReplay({ host, accept, connections, requests }: Replay): Promise<ReplayResult> {
  const opened = new Map<string, Promise<void>>();
  let next = 0;
  let sent = 0;
  let received = 0;
  const format = (method: 'GET' | 'HEAD', path: string): LoadRequest =>
    formatRequest(method, host, path, { Accept: accept });
  const client = async (): Promise<void> => {
    const connection = new LoadConnection(host, BLOB_BUFFER);
    const ask = async ({ method, path, bytes, mayChallenge }: ReplayRequest): Promise<void> => {
      const answer = await connection.send(format(method, path));
      const isGood = answer.status === 200 || (mayChallenge === true && answer.status === 401);
      if (!isGood || (bytes !== undefined && answer.bytes !== bytes))
        throw new Error(`${method} ${path} from ${host} was answered with ${answer.status} and ${answer.bytes} bytes`);
      sent += 1;
      received += answer.bytes;
    };
    try {
      while (next < requests.length) {
        const request = requests[next++]!;
        if (request.after !== undefined) {
          if (!opened.has(request.after)) opened.set(request.after, ask({ method: 'GET', path: request.after }));
          await opened.get(request.after);
        }
        await ask(request);
      }
    } finally {
      // Other clients stop too if this one has failed.
      next = requests.length;
      connection.close();
    }
  };
  const started = performance.now();
  const ended = await Promise.allSettled(Array.from({ length: connections }, client));
  for (const outcome of ended) if (outcome.status === 'rejected') throw outcome.reason;
  return { requests: sent, bytes: received, seconds: (performance.now() - started) / 1000 };
}
