import { type AddressInfo, createServer, type Socket } from 'node:net';
import {
  type ChannelRequest,
  formatHead,
  parseTicketRequest,
  REQUEST_BYTES,
} from '../../../../common/channel/channel-frames';
import { PLANE_SECRET } from '../../../support/plane-secret';

/** A request that an edge sent to the byte server. */
export interface ReceivedRequest extends ChannelRequest {
  readonly socket: Socket;
  /** Number of the connection, from 0. */
  readonly connection: number;
  /** Sends the head and the bytes. */
  answer(bytes: Buffer): void;
}

/** The byte channel of a data plane, with a script. */
export interface ByteServer {
  readonly port: number;
  /** Number of connections so far. */
  readonly connections: number;
  /** Open connections. */
  readonly sockets: ReadonlySet<Socket>;
  stop(): Promise<void>;
}

/** Starts a byte server on a free loopback port that calls `serve` for each request. */
export async function startByteServer(serve: (request: ReceivedRequest) => void): Promise<ByteServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    const connection = connections++;
    let received = Buffer.alloc(0);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < REQUEST_BYTES) return;
      const request = parseTicketRequest(received.subarray(0, REQUEST_BYTES), [PLANE_SECRET, '']);
      received = received.subarray(REQUEST_BYTES);
      if (request === undefined) throw new Error('The request is malformed');
      const answer = (bytes: Buffer): void => {
        socket.write(formatHead(request));
        socket.write(bytes);
      };
      serve({ ...request, socket, connection, answer });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    sockets,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
