import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createWebServer, type WebServer } from '../../../common/http/web-server';
import type { ListenAddress } from '../../../common/runtime/listen-address';
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
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const listening = (): void => {
        server.removeListener('error', reject);
        resolve();
      };
      if (listen.kind === 'unix') server.listen(listen.path, listening);
      else server.listen(listen.port, listen.host, listening);
    });
    if (listen.kind === 'unix') {
      await protectSocket(listen.path);
      return `unix:${listen.path}`;
    }
    const { port } = server.address() as AddressInfo;
    return `${this.web.scheme}://${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${port}`;
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
