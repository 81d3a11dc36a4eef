import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebServer, type WebServer } from '../../common/http/web-server';
import type { ListenAddress } from '../../common/runtime/listen-address';
import type { TlsWatch } from '../../common/security/tls-watch';
import { type ParserFailure, parserErrorAnswer } from './response/parser-error';

/** Bounds of the listener. A body is never waited for, so the time for a request is the time for its head. */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  // Above the idle time of common load balancers, so that they close first and no request meets a closing connection.
  keepAliveTimeout: 75_000,
  // Finds peers that vanished without a word.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
  // We say it ourselves, with a body that names the field.
  requireHostHeader: false,
} as const;

/** An HTTP or HTTPS server with bounds, that can stop without breaking what runs. */
export class HttpListener {
  private readonly web: WebServer;
  private readonly server: WebServer['server'];
  private readonly running = new Set<ServerResponse>();
  /** Sockets with an answer under way: raw bytes must not be put into it. */
  private readonly busy = new WeakSet<Duplex>();
  private draining = false;

  constructor(
    private readonly listen: ListenAddress,
    handle: (request: IncomingMessage, response: ServerResponse) => void,
    tls?: TlsWatch,
  ) {
    const accept = (request: IncomingMessage, response: ServerResponse): void => {
      this.track(request.socket, response);
      handle(request, response);
    };
    this.web = createWebServer(LIMITS, accept, tls);
    this.server = this.web.server;
    // Without this Node answers 100 Continue, and the client sends a body that is not wanted.
    this.server.on('checkContinue', accept);
    this.server.on('clientError', (error: ParserFailure, socket) => this.refuse(error, socket));
  }

  /** Whether {@link HttpListener.stop} was called. */
  get isDraining(): boolean {
    return this.draining;
  }

  /** Resolves with the address, as host:port (a URL where it is HTTPS) or unix:path, once connections are accepted. Rejects when it is taken or not ours. */
  start(): Promise<string> {
    const { listen, server } = this;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(listen.kind === 'unix' ? { path: listen.path } : { host: listen.host, port: listen.port }, () => {
        server.off('error', reject);
        resolve(addressOf(this.web));
      });
    });
  }

  /**
   * Tells clients to close, for `noticeMs` still takes what they send, then accepts nothing new, waits for answers under way, and destroys what is left: `drainMs` after
   * the begin, at the latest.
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

  private track(socket: Socket, response: ServerResponse): void {
    this.running.add(response);
    this.busy.add(socket);
    if (this.draining) response.shouldKeepAlive = false;
    response.once('close', () => {
      this.running.delete(response);
      this.busy.delete(socket);
      // An answer whose head said keep-alive before the drain began leaves an idle connection behind.
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
  if (address === null) throw new Error('the server is not listening');
  if (typeof address === 'string') return `unix:${address}`;
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${scheme === 'https' ? 'https://' : ''}${host}:${address.port}`;
}
