import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** A server that forwards GET and HEAD to one server, and everything else to another one. */
export interface MethodSplit {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  close(): Promise<void>;
}

/**
 * Starts a server on a free port of 127.0.0.1. `reads` and `writes` are `http://host:port`. The
 * Host header is passed on, so that the URL of an upload leads back to this server.
 */
export async function startMethodSplit(reads: string, writes: string): Promise<MethodSplit> {
  const server = createServer((incoming, outgoing) => {
    const method = incoming.method!;
    const target = method === 'GET' || method === 'HEAD' ? reads : writes;
    const onward = request(`${target}${incoming.url!}`, { method, headers: incoming.headers });
    onward.once('response', (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      pipeline(answer, outgoing).catch(() => undefined);
    });
    pipeline(incoming, onward).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
