import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { formatGrpcAddress, type ListenAddress } from '../runtime/listen-address';
import type { Logger } from '../runtime/logger';
import { prepareSocketPath, protectSocket } from '../runtime/unix-socket';

/** Longest time for one answer, in milliseconds: a probe that hangs tells nobody anything. */
const ANSWER_MS = 5_000;
/** Prometheus, the kubelet and a person: more at once is a mistake or mischief. */
const MAX_CONNECTIONS = 64;
const TEXT = 'text/plain; charset=utf-8';

/** What is answered from. */
export interface OperationsParts {
  readonly listen: ListenAddress;
  readonly registry: Registry;
  /** Why requests should not come here, in words, one reason each; empty = they may. */
  readonly unready: () => Promise<readonly string[]>;
  readonly logger: Logger;
}

/**
 * A small HTTP server for those who run a plane, beside the one for its clients: GET and HEAD of /metrics (Prometheus' text format), /healthz (200 as long as the
 * event loop answers) and /readyz (200, or 503 with the reasons). It takes no body, asks for no credentials and should be reached by nobody else.
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

  /** Listens; resolves with host:port or unix:path. Throws when the address is taken. */
  async start(): Promise<string> {
    const { listen } = this.parts;
    if (listen.kind === 'unix') await prepareSocketPath(listen.path);
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(
        listen.kind === 'unix' ? { path: listen.path } : { host: listen.host, port: listen.port },
        () => {
          this.server.off('error', reject);
          resolve();
        },
      );
    });
    if (listen.kind === 'unix') {
      await protectSocket(listen.path);
      return formatGrpcAddress(listen);
    }
    const { port } = this.server.address() as AddressInfo;
    return formatGrpcAddress({ ...listen, port });
  }

  /** Cuts what runs: there is nothing that could not be asked again. Harmless when called twice. */
  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setTimeout(ANSWER_MS, () => response.destroy());
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
      this.parts.logger.error({ err: error }, 'a request of operations failed');
      response.destroy();
    }
  }

  private async answer(
    request: IncomingMessage,
  ): Promise<{ readonly status: number; readonly type: string; readonly body: string }> {
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return { status: 405, type: TEXT, body: 'only GET and HEAD\n' };
    switch (request.url?.split('?', 1)[0]) {
      case '/healthz':
        return { status: 200, type: TEXT, body: 'ok\n' };
      case '/readyz': {
        const reasons = await this.parts.unready();
        return reasons.length === 0
          ? { status: 200, type: TEXT, body: 'ready\n' }
          : { status: 503, type: TEXT, body: `${reasons.join('\n')}\n` };
      }
      case '/metrics':
        return { status: 200, type: this.parts.registry.contentType, body: await this.parts.registry.metrics() };
      default:
        return { status: 404, type: TEXT, body: 'not found\n' };
    }
  }
}
