import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';

/** A relay of an upstream that is as slow as one behind the internet. */
export interface PacedRelay {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Closes all connections and the server. */
  close(): Promise<void>;
}

/** Relays connections to `target` (host:port). Each sends at most this many bytes per second. */
export async function startPacedRelay(target: string, bytesPerSecond: number): Promise<PacedRelay> {
  const { hostname, port } = new URL(`http://${target}`);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect(Number(port), hostname);
    for (const socket of [client, behind]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    const close = (): void => {
      client.destroy();
      behind.destroy();
    };
    void pipeline(client, behind).catch(close);
    void pipeline(behind, (source: AsyncIterable<Buffer>) => paced(source, bytesPerSecond), client).catch(close);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port: own } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${own}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function* paced(source: AsyncIterable<Buffer>, bytesPerSecond: number): AsyncGenerator<Buffer> {
  let due = performance.now();
  for await (const chunk of source) {
    yield chunk;
    due = Math.max(due, performance.now() - 50) + (chunk.length / bytesPerSecond) * 1000;
    const wait = due - performance.now();
    // Timers are not exact, so that short waits are summed.
    if (wait > 5) await pause(wait);
  }
}
