import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenHttp } from '../../../common/http/listen-http';
import { createWebServer, type WebServer } from '../../../common/http/web-server';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import { prepareSocketPath, protectSocket } from '../../../common/runtime/unix-socket';
import type { TlsWatch } from '../../../common/security/tls-watch';

/** The HTTP or HTTPS server of the control plane. Its handler must not throw. */
export class ControlServer {
  private readonly web: WebServer;
  private readonly server: WebServer['server'];
  private draining = false;

  constructor(
    private readonly listen: ListenAddress,
    handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
    tls?: TlsWatch,
  ) {
    const accept = (request: IncomingMessage, response: ServerResponse): void => {
      // Keep-alive connections would delay the stop.
      if (this.draining) response.setHeader('connection', 'close');
      void handle(request, response);
    };
    this.web = createWebServer({}, accept, tls);
    this.server = this.web.server;
    // A slow client holds a socket only for a limited time.
    this.server.headersTimeout = 10_000;
    this.server.requestTimeout = 30_000;
  }

  /** Listens. Resolves with the URL, or with `unix:<path>`. Throws if the address is in use. */
  async start(): Promise<string> {
    const { listen, server } = this;
    if (listen.kind === 'unix') await prepareSocketPath(listen.path);
    const bound = await listenHttp(server, listen);
    if (bound.kind === 'tcp') return `${this.web.scheme}://${formatGrpcAddress(bound)}`;
    await protectSocket(bound.path);
    return formatGrpcAddress(bound);
  }

  /**
   * Stops accepting connections, waits for running requests, and closes all connections after
   * `drainMs`.
   */
  async stop(drainMs: number): Promise<void> {
    this.draining = true;
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    const timer = setTimeout(() => this.web.closeAllConnections(), drainMs);
    await closed;
    clearTimeout(timer);
  }
}
