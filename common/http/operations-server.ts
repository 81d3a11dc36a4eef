import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { formatGrpcAddress, type ListenAddress } from '../runtime/listen-address';
import { isForwarded } from './is-forwarded';
import { listenHttp } from './listen-http';
import { exposeWithSiblings } from '../metrics/sibling-metrics';
import type { Logger } from '../runtime/logger';
import { type Siblings, whySiblingsAreUnready } from '../runtime/siblings';
import { prepareSocketPath, protectSocket } from '../runtime/unix-socket';

/** Time limit of one response, in milliseconds. */
const RESPONSE_MS = 5_000;
/** Limit of connections: clients are Prometheus, the kubelet and an operator. */
const MAX_CONNECTIONS = 64;
const TEXT = 'text/plain; charset=utf-8';

/** Dependencies of the operations server. */
export interface OperationsParts {
  readonly listen: ListenAddress;
  readonly registry: Registry;
  /** Returns the reasons why this plane is not ready, one text each. Empty if it is ready. */
  readonly unready: () => Promise<readonly string[]>;
  /** Returns what /readyz reports in addition, one text each, also if the plane is ready. */
  readonly notes?: () => readonly string[] | Promise<readonly string[]>;
  /** If true, /metrics is unknown to clients that came through a proxy. Default: false. */
  readonly directMetrics?: boolean;
  /** Other processes of this plane. /metrics and /readyz answer for all of them. */
  readonly siblings?: Siblings | undefined;
  readonly logger: Logger;
}

/**
 * HTTP server for operators, beside the server for clients: GET and HEAD of /metrics (Prometheus
 * text format), /healthz (200 while the event loop responds) and /readyz (200, or 503 with the
 * reasons). It reads no request body and requires no credentials, so only operators should be able
 * to reach it.
 */
export class OperationsServer {
  private readonly server: Server;

  constructor(private readonly parts: OperationsParts) {
    this.server = createServer(
      { maxHeaderSize: 8 * 1024, headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 75_000 },
      (request, response) => void this.handle(request, response),
    );
    this.server.maxConnections = MAX_CONNECTIONS;
  }

  /** Starts listening. Resolves with host:port or unix:path. Rejects if the address is in use. */
  async start(): Promise<string> {
    const { listen } = this.parts;
    if (listen.kind === 'unix') await prepareSocketPath(listen.path);
    const bound = await listenHttp(this.server, listen);
    if (listen.kind === 'unix') await protectSocket(listen.path);
    return formatGrpcAddress(bound);
  }

  /**
   * Closes the server and its connections immediately, because all requests can be repeated.
   * Further calls are harmless.
   */
  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setTimeout(RESPONSE_MS, () => response.destroy());
    response.on('error', () => undefined);
    try {
      const { status, type, body } = await this.answer(request);
      if (response.destroyed) return;
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-store',
        'content-length': Buffer.byteLength(body),
        ...(status === 405 ? { allow: 'GET, HEAD' } : {}),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    } catch (error) {
      this.parts.logger.error({ err: error }, 'A request for metrics or health failed');
      response.destroy();
    }
  }

  private async answer(
    request: IncomingMessage,
  ): Promise<{ readonly status: number; readonly type: string; readonly body: string }> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return { status: 405, type: TEXT, body: 'only GET and HEAD\n' };
    const { registry, siblings, unready } = this.parts;
    const unknown = { status: 404, type: TEXT, body: 'Not found. Known paths: /metrics, /healthz, /readyz.\n' };
    switch (request.url?.split('?', 1)[0]) {
      case '/healthz':
        return { status: 200, type: TEXT, body: 'ok\n' };
      case '/readyz': {
        const reasons = (await Promise.all([unready(), whySiblingsAreUnready(siblings)])).flat();
        const lines = [...(reasons.length === 0 ? ['ready'] : reasons), ...((await this.parts.notes?.()) ?? [])];
        return { status: reasons.length === 0 ? 200 : 503, type: TEXT, body: `${lines.join('\n')}\n` };
      }
      case '/metrics':
        if (this.parts.directMetrics === true && isForwarded(request.headers)) return unknown;
        return { status: 200, type: registry.contentType, body: await exposeWithSiblings(registry, siblings) };
      default:
        return unknown;
    }
  }
}
