import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that passed through the relay. */
export interface RelayedRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** 0 until there is an answer, or if the upstream gave none. */
  status: number;
  /** Bytes of the body that the upstream sent. */
  bytes: number;
  /** True if the answer was completed or cut. */
  finished: boolean;
}

/** Holds a body at a byte position. */
export interface Hold {
  /** Resolves when the body has reached the position. */
  readonly reached: Promise<void>;
  /** Continues the body. */
  release(): void;
}

/** A relay in front of an upstream that records all requests. */
export interface CountingRelay {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly url: string;
  readonly requests: readonly RelayedRequest[];
  /**
   * Returns all requests in the order of their arrival, for example `"HEAD
   * /v2/org/image/manifests/v1 200"`.
   */
  lines(): string[];
  /** Returns the bytes of bodies for paths that contain `part` (a digest). */
  bytesOf(part: string): number;
  /** Clears the recorded requests. */
  reset(): void;
  /** Returns true if no request is running. */
  quiet(): boolean;
  /**
   * Stops the next body of a GET whose path contains `part` after `afterBytes`, until it is
   * released.
   */
  holdBody(part: string, afterBytes: number): Hold;
  /** Refuses new connections and closes existing ones, like an upstream that is down. */
  close(): Promise<void>;
  /** Listens again on the same port. */
  reopen(): Promise<void>;
}

interface PendingHold {
  readonly part: string;
  readonly afterBytes: number;
  readonly reach: () => void;
  readonly released: Promise<void>;
  readonly release: () => void;
}

/** Starts a relay to `upstream` (`http://host:port`) on a free port of 127.0.0.1. */
export async function startCountingRelay(upstream: string): Promise<CountingRelay> {
  const requests: RelayedRequest[] = [];
  const holds: PendingHold[] = [];
  const agent = new Agent({ keepAlive: true });
  const server = createServer({ keepAliveTimeout: 0 }, (incoming, outgoing) => {
    const seen: RelayedRequest = {
      method: incoming.method!,
      path: incoming.url!,
      status: 0,
      bytes: 0,
      finished: false,
    };
    requests.push(seen);
    forward(upstream, agent, incoming, outgoing, seen, (path) => takeHold(holds, seen.method, path));
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;
  const host = `127.0.0.1:${port}`;
  return {
    host,
    url: `http://${host}`,
    requests,
    lines: () => requests.map(({ method, path, status }) => `${method} ${path} ${status}`),
    bytesOf: (part) => requests.filter(({ path }) => path.includes(part)).reduce((sum, { bytes }) => sum + bytes, 0),
    reset: () => void requests.splice(0),
    quiet: () => requests.every(({ finished }) => finished),
    holdBody(part, afterBytes) {
      let reach = (): void => undefined;
      let release = (): void => undefined;
      const reached = new Promise<void>((resolve) => (reach = resolve));
      const released = new Promise<void>((resolve) => (release = resolve));
      holds.push({ part, afterBytes, reach, released, release });
      return { reached, release };
    },
    async close() {
      for (const hold of holds) hold.release();
      agent.destroy();
      if (!server.listening) return;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    reopen: () => listen(server, port),
  };
}

function takeHold(holds: PendingHold[], method: string, path: string): PendingHold | undefined {
  const at = holds.findIndex(({ part }) => method === 'GET' && path.includes(part));
  return at === -1 ? undefined : holds.splice(at, 1)[0];
}

function forward(
  upstream: string,
  agent: Agent,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  seen: RelayedRequest,
  holdFor: (path: string) => PendingHold | undefined,
): void {
  const onward = request(`${upstream}${seen.path}`, { method: seen.method, headers: incoming.headers, agent });
  const cut = (): void => {
    seen.finished = true;
    onward.destroy();
    outgoing.destroy();
  };
  onward.once('error', cut);
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) cut();
    seen.finished = true;
  });
  onward.once('response', (answer) => {
    seen.status = answer.statusCode!;
    outgoing.writeHead(answer.statusCode!, answer.headers);
    answer.once('error', cut);
    answer.once('aborted', cut);
    void pump(answer, outgoing, seen, holdFor(seen.path)).catch(cut);
  });
  incoming.pipe(onward);
}

async function pump(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  seen: RelayedRequest,
  hold: PendingHold | undefined,
): Promise<void> {
  let held = hold;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    let rest = chunk;
    if (held !== undefined && seen.bytes + rest.length >= held.afterBytes) {
      const now = rest.subarray(0, held.afterBytes - seen.bytes);
      rest = rest.subarray(now.length);
      seen.bytes += now.length;
      outgoing.write(now);
      held.reach();
      await held.released;
      held = undefined;
    }
    seen.bytes += rest.length;
    if (!outgoing.write(rest) && !outgoing.destroyed) await drain(outgoing);
    if (outgoing.destroyed) return;
  }
  outgoing.end();
}

function drain(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off('drain', done);
      outgoing.off('close', done);
      resolve();
    };
    outgoing.once('drain', done);
    outgoing.once('close', done);
  });
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}
