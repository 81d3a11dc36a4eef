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

/** A handshake that is not over by then never will be, in milliseconds. */
const HANDSHAKE_MS = 10_000;
const LEAST_VERSION = 'TLSv1.2';

/** A node:http server, or a node:https server that follows its certificate. */
export interface WebServer {
  readonly server: HttpServer | HttpsServer;
  readonly scheme: 'http' | 'https';
  /** Destroys every connection, those that have not got to HTTP yet too. */
  closeAllConnections(): void;
}

/** Makes one: HTTPS with `tls`, TLS 1.2 at least. A new certificate is for new connections; those that stand go on. */
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
  // Before node:https makes a client error of it: there is nobody yet who could read an answer, and after a time-out nobody else would close it.
  server.prependListener('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  // node:http knows connections only after their handshake, and one that never ends would hold up the end of the server.
  const sockets = new Set<Socket>();
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

function context({ cert, key }: TlsMaterial): { cert: Buffer; key: Buffer; minVersion: typeof LEAST_VERSION } {
  return { cert, key, minVersion: LEAST_VERSION };
}
