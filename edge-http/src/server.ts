import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { listenHttp } from '../../common/http/listen-http';
import { createWebServer, type WebServer } from '../../common/http/web-server';
import type { ListenAddress } from '../../common/runtime/listen-address';
import type { TlsWatch } from '../../common/security/tls-watch';
import { DescriptorBudget } from './descriptors';
import { type ParserFailure, parserErrorAnswer } from './response/parser-error';

/**
 * Limits of the listener. Bodies are not read, so the request timeout is the timeout of the request
 * head.
 */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  // Longer than the idle timeout of common load balancers, so that they close first and never send
  // a request on a closing connection.
  keepAliveTimeout: 75_000,
  // Detects peers that disappeared without closing the connection.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  // parseRequest refuses such requests itself, with a body that names the header.
  requireHostHeader: false,
} as const;

/** HTTP or HTTPS server with limits. Stops gracefully. */
export class HttpListener {
  private readonly web: WebServer;
  private readonly server: WebServer['server'];
  private readonly running = new Set<ServerResponse>();
  /** Sockets with a response in progress. Raw bytes must not be written to them. */
  private readonly busy = new WeakSet<Duplex>();
  private draining = false;

  constructor(
    private readonly listen: ListenAddress,
    handle: (request: IncomingMessage, response: ServerResponse) => void,
    tls?: TlsWatch,
    /** Default: as many connections as clients open. */
    private readonly descriptors = new DescriptorBudget(Infinity),
  ) {
    const accept = (request: IncomingMessage, response: ServerResponse): void => {
      this.track(request.socket, response);
      handle(request, response);
    };
    this.web = createWebServer(LIMITS, accept, tls);
    this.server = this.web.server;
    // Without this listener, Node answers 100 Continue and the client sends a body that is not
    // needed.
    this.server.on('checkContinue', accept);
    this.server.on('clientError', (error: ParserFailure, socket) => this.refuse(error, socket));
    if (descriptors.mostClients !== Infinity) this.boundConnections();
  }

  /** True after {@link HttpListener.stop} was called. */
  get isDraining(): boolean {
    return this.draining;
  }

  /**
   * Starts accepting connections. Resolves with the address as host:port (a URL for HTTPS) or
   * unix:path. Rejects if the address is in use or not available.
   */
  async start(): Promise<string> {
    await listenHttp(this.server, this.listen);
    return addressOf(this.web);
  }

  /**
   * Asks clients to close their connections, still accepts requests for `noticeMs`, then accepts no
   * new ones and waits for running responses. Destroys the remaining connections `drainMs` after
   * the call.
   */
  async stop(drainMs: number, noticeMs = 0): Promise<void> {
    this.draining = true;
    if (!this.server.listening) return;
    for (const response of this.running) response.shouldKeepAlive = false;
    const notice = Math.min(noticeMs, drainMs);
    if (notice > 0) await new Promise((resolve) => setTimeout(resolve, notice));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.web.closeAllConnections(), drainMs - notice);
      this.server.close(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /**
   * Bounds the connections, so that one is always left for what a request needs. Node.js cannot
   * leave a connection to the kernel: it accepts and closes those beyond the bound, so connections
   * without a request are closed before.
   */
  private boundConnections(): void {
    const { server, descriptors } = this;
    const update = (): void => void (server.maxConnections = descriptors.mostClients);
    update();
    descriptors.onChange(update);
    server.on('connection', (socket: Socket) => {
      socket.once('close', descriptors.connected());
      if (descriptors.isTight) server.closeIdleConnections();
    });
  }

  private track(socket: Socket, response: ServerResponse): void {
    this.running.add(response);
    this.busy.add(socket);
    if (this.draining) response.shouldKeepAlive = false;
    response.once('close', () => {
      this.running.delete(response);
      this.busy.delete(socket);
      // A response whose head was sent before the drain began kept the connection alive.
      if (this.draining) setImmediate(() => this.server.closeIdleConnections());
    });
  }

  private refuse(error: ParserFailure, socket: Duplex): void {
    if (!socket.writable || this.busy.has(socket) || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    socket.end(parserErrorAnswer(error), () => socket.destroy());
  }
}

function addressOf({ server, scheme }: WebServer): string {
  const address = server.address();
  if (address === null) throw new Error('The server is not listening.');
  if (typeof address === 'string') return `unix:${address}`;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${scheme === 'https' ? 'https://' : ''}${host}:${address.port}`;
}
