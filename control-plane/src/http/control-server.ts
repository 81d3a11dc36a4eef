import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createWebServer, type WebServer } from '../../../common/http/web-server';
import type { ListenAddress } from '../../../common/runtime/listen-address';
import { prepareSocketPath, protectSocket } from '../../../common/runtime/unix-socket';
import type { TlsWatch } from '../../../common/security/tls-watch';

/** The HTTP or HTTPS server of the control plane, around a handler that never throws. */
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
      // A connection that is asked on while the plane stops would hold it up.
      if (this.draining) response.setHeader('connection', 'close');
      void handle(request, response);
    };
    this.web = createWebServer({}, accept, tls);
    this.server = this.web.server;
    // A client that sends slowly holds no more than a socket, and that not for ever.
    this.server.headersTimeout = 10_000;
    this.server.requestTimeout = 30_000;
  }

  /** Listens; resolves with the URL, or `unix:<path>`. Throws when the address is taken. */
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

  /** Takes no new connections, waits for the requests that run, and cuts what still runs after `drainMs`. */
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
