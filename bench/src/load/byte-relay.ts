import { connect, createServer, type Socket } from 'node:net';

/** A relay between two sockets that counts bytes. */
export interface ByteRelay {
  /** Returns the number of bytes that the server has sent to clients so far. */
  sent(): number;
  /** Closes all connections and the server. */
  close(): Promise<void>;
}

/** Relays connections from a Unix socket at `path` to the one at `target`. */
export async function startByteRelay(path: string, target: string): Promise<ByteRelay> {
  let bytes = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const behind = connect(target);
    for (const [socket, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
    behind.on('data', (chunk) => (bytes += chunk.length));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    sent: () => bytes,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
