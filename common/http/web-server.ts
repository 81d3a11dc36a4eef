import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { TlsMaterial } from '../security/tls-files';
import type { TlsWatch } from '../security/tls-watch';

/** Time limit of a TLS handshake, in milliseconds. */
const HANDSHAKE_MS = 10_000;
const LEAST_VERSION = 'TLSv1.2';

/** Code of the error of OpenSSL for a handshake that is a request in plain HTTP. */
const PLAIN_HTTP = 'ERR_SSL_HTTP_REQUEST';
const PLAIN_HTTP_BODY = JSON.stringify({
  errors: [
    {
      code: 'UNSUPPORTED',
      message: 'This port speaks HTTPS, and the request was plain HTTP. Use https:// in the address.',
    },
  ],
});
const PLAIN_HTTP_ANSWER = [
  'HTTP/1.1 400 Bad Request',
  'Content-Type: application/json',
  `Content-Length: ${Buffer.byteLength(PLAIN_HTTP_BODY)}`,
  'Connection: close',
  '',
  PLAIN_HTTP_BODY,
].join('\r\n');

/** A node:http server, or a node:https server that reloads its certificate. */
export interface WebServer {
  readonly server: HttpServer | HttpsServer;
  readonly scheme: 'http' | 'https';
  /** Destroys all connections, including those whose TLS handshake is not finished. */
  closeAllConnections(): void;
}

/**
 * Creates an HTTP server, or an HTTPS server (TLS 1.2 or newer) if `tls` is given. A new
 * certificate applies to new connections; existing connections continue.
 */
export function createWebServer(
  options: ServerOptions,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  tls: TlsWatch | undefined,
  handshakeMs = HANDSHAKE_MS,
): WebServer {
  if (tls === undefined) {
    const server = createServer(options, handle);
    return { server, scheme: 'http', closeAllConnections: () => server.closeAllConnections() };
  }
  const server = createTlsServer({ ...options, ...context(tls.current), handshakeTimeout: handshakeMs }, handle);
  tls.onChange((material) => server.setSecureContext(context(material)));
  // node:http knows a connection only after its handshake. A handshake that never ends would block
  // the end of the server.
  const sockets = new Set<Socket>();
  // Runs before node:https turns this into a client error: only a client that speaks plain HTTP
  // could read a response yet, and nothing else closes the socket after a timeout.
  server.prependListener('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const plain = error.code === PLAIN_HTTP ? connectionOf(socket, sockets) : undefined;
    if (plain === undefined) socket.destroy();
    else plain.end(PLAIN_HTTP_ANSWER, () => socket.destroy());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return {
    server,
    scheme: 'https',
    closeAllConnections() {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Returns the TCP connection below a TLS socket; undefined if it is not known. */
function connectionOf(socket: Socket, sockets: ReadonlySet<Socket>): Socket | undefined {
  const { remoteAddress, remotePort } = socket;
  if (remotePort === undefined) return undefined;
  return [...sockets].find((one) => one.remotePort === remotePort && one.remoteAddress === remoteAddress);
}

function context({ cert, key }: TlsMaterial): { cert: Buffer; key: Buffer; minVersion: typeof LEAST_VERSION } {
  return { cert, key, minVersion: LEAST_VERSION };
}
